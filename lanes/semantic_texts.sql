-- The labelled exchanges of a plan with their words, in order of the plan.
select p.exchange_id, p.session_id, x.agent_id, p.agent, p.split, p.weight,
       string_agg(w.text, chr(10) || chr(10) order by w.ordinal) filter (w.role = 'user') as text,
       string_agg(w.text, chr(10) || chr(10) order by w.ordinal) filter (w.role = 'assistant')
           as answer
from lane_plan p
semi join thread t using (exchange_id)
join exchanges x using (exchange_id)
left join lane_words w using (exchange_id)
where p.reason is null
group by p.position, p.exchange_id, p.session_id, x.agent_id, p.agent, p.split, p.weight
order by p.position
