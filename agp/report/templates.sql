-- The words that came most often.
select c.cluster_id as exchange_id, c.method, count(*) as exchanges,
       count(distinct e.session_id) as sessions, left(any_value(m.text), 4000) as begins
from clusters c
join exchanges e using (exchange_id)
left join v_messages m on m.exchange_id = c.cluster_id and m.ordinal = 0
group by all order by exchanges desc, exchange_id limit 12
