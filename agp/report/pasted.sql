-- Templates: words that many prompts have in common, and how the first of them begins.
select t.template_id, count(*) as exchanges, count(distinct e.session_id) as sessions,
       left(arg_min(m.text, (e.asked_at, t.exchange_id)), 2000) as begins
from templates t
join exchanges e using (exchange_id)
left join v_messages m on m.exchange_id = t.exchange_id and m.ordinal = 0
group by template_id order by exchanges desc, template_id limit 12
