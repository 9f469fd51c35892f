-- A row a source: exchanges it saw, those whose words it decides, and those that nobody else saw.
with seen as (
    select distinct s.exchange_id, s.source, e.source as decides
    from exchange_sources s join exchanges e using (exchange_id)),
others as (select exchange_id, count(*) as sources from seen group by exchange_id)
select n.source, count(*) as seen, count(*) filter (n.source = n.decides) as decides,
       count(*) filter (o.sources = 1) as alone, count(*) filter (o.sources > 1) as shared
from seen n join others o using (exchange_id)
left join sources p using (source)
group by n.source order by any_value(p.priority) desc nulls last, n.source
