-- The largest clusters, how their copies repeat the best of them, and how that one begins.
select c.cluster_id, count(*) as exchanges, count(distinct e.session_id) as sessions,
       count(*) filter (method = 'exact' and not representative) as exact,
       count(*) filter (method = 'normalised') as normalised,
       count(*) filter (method = 'near') as near,
       round(min(similarity) filter (method = 'near'), 3) as similarity,
       left(any_value(m.text), 2000) as begins
from clusters c
join exchanges e using (exchange_id)
left join v_messages m on m.exchange_id = c.cluster_id and m.ordinal = 0
group by c.cluster_id
having $alike is null or bool_or(method = $alike and not representative)
order by exchanges desc, cluster_id
limit $most;
