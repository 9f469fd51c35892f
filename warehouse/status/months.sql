-- Exchanges by month, as each source saw them; what has no time, or a time to come, has no month.
select strftime(e.asked_at, '%Y-%m') as month, s.source, count(distinct e.exchange_id) as exchanges
from exchange_sources s join exchanges e using (exchange_id)
where e.asked_at <= now()::timestamp + interval 31 days
group by all order by month, source
