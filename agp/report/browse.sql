-- Exchanges, the newest first, by who asked, project, words of the prompt and a rule that hit them.
with wanted as (
    select e.exchange_id, e.author, e.asked_at, e.source, s.project
    from exchanges e join sessions s using (session_id)
    where ($author = '' or e.author = $author)
      and ($project = '' or s.project = $project)
      and ($rule = '' or e.exchange_id in (
          select d.exchange_id from decisions d
          join rules r on r.rule_set = d.rule_set
           and (r.applies_to = 'message') = (d.message_id is not null)
          where d.rule_set = $rule_set and r.rule_id = $rule
            and d.mask[r.position // 64 + 1] >> (r.position % 64) & 1 = 1))
      and ($words = '' or e.exchange_id in (
          select exchange_id from v_messages
          where ordinal = 0 and contains(lower(text), lower($words))))
    order by e.asked_at desc nulls last, e.exchange_id limit $most offset $skip)
select w.*, left(m.text, 4000) as begins
from wanted w left join v_messages m on m.exchange_id = w.exchange_id and m.ordinal = 0
order by w.asked_at desc nulls last, w.exchange_id
