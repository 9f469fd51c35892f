-- A row a source: what is kept of it, how many exchanges it saw, and what could not be read and why.
select f.source, f.files, f.records, f.quarantined, coalesce(s.exchanges, 0) as exchanges,
       coalesce(q.reasons, '') as reasons
from (
    select source, count(*) as files, sum(records)::bigint as records,
           sum(quarantined)::bigint as quarantined
    from files group by source) f
left join (select source, count(distinct exchange_id) as exchanges
           from exchange_sources group by source) s using (source)
left join (
    select source, string_agg(reason || ' ' || records, ', ' order by records desc, reason) as reasons
    from (select f.source, r.reason, count(*) as records
          from raw_records r join files f using (file_id)
          where r.reason is not null group by f.source, r.reason)
    group by source) q using (source)
left join sources p using (source)
order by p.priority desc nulls last, f.source
