-- The words that came most often, and how alike the least alike of their near copies are.
select c.cluster_id as exchange_id, count(*) as exchanges,
       count(distinct e.session_id) as sessions,
       count(*) filter (c.method = 'near') as near,
       round(min(c.similarity) filter (c.method = 'near'), 2) as similarity,
       left(any_value(m.text), 4000) as begins
from clusters c
join exchanges e using (exchange_id)
left join v_messages m on m.exchange_id = c.cluster_id and m.ordinal = 0
group by all order by exchanges desc, exchange_id limit 12
