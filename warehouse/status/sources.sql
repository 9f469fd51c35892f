-- A row a source: what was read of it, what it made, and from when to when.
select f.source, f.files, f.gone, f.bytes, f.records, coalesce(e.exchanges, 0) as exchanges,
       coalesce(e.prompts, 0) as prompts, coalesce(n.seen, 0) as seen, e.first_at, e.last_at
from (
    select source, count(distinct path) as files,
           count(distinct path) filter (state = 'gone') as gone,
           sum(bytes)::bigint as bytes, sum(records)::bigint as records
    from files group by source) f
left join (
    select source, count(*) as exchanges, count(*) filter (author = 'person') as prompts,
           min(asked_at) as first_at, max(coalesce(answered_at, asked_at)) as last_at
    from exchanges group by source) e using (source)
left join (select source, count(distinct exchange_id) as seen from exchange_sources group by source) n
    using (source)
order by f.source
