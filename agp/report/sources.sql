-- What each source brought: exchanges whose words are its own, sightings, and those only it saw.
select s.source, count(distinct s.exchange_id) as seen,
       count(distinct s.exchange_id) filter (e.source = s.source) as decides,
       count(distinct s.exchange_id) filter (o.sources = 1) as alone,
       min(s.asked_at)::date as first, max(s.asked_at)::date as last
from exchange_sources s
join exchanges e using (exchange_id)
join (select exchange_id, count(distinct source) as sources from exchange_sources group by all) o
    using (exchange_id)
group by all order by seen desc, s.source
