select t.project, t.exchange_id, concat_ws(' ', e.session_id, e.agent_id) as thread, e.session_id,
       f.asked_at, concat_ws(' ', w.prompt, w.answer),
       len(list_filter((select coalesce(list(distinct lower(project)), []) from sessions),
           lambda name: case when length(name) >= 4 and not contains(lower(t.project), name)
                                  and not list_contains($generic, name)
                                  and contains(lower(w.prompt), name)
               then regexp_matches(lower(w.prompt), '(^|[^\pL\pN])' || regexp_escape(name)
                                                    || '($|[^\pL\pN])') else false end))
from stale_turns t join exchanges e using (exchange_id) join features f using (exchange_id)
join spoken w using (exchange_id)
order by t.project, f.asked_at nulls first, e.session_id, e.ordinal, t.exchange_id;
