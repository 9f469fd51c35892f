-- What became of every record: its fate, and of which kind. The numbers add up to all records.
select case when r.reason is not null then 'quarantined'
            when p.file_id is not null then 'kept as a message'
            when m.file_id is not null then 'the same message again'
            when o.file_id is not null then 'kept as tool output'
            when k.file_id is not null then 'kept as a fact of its session'
            when l.file_id is not null then 'kept as a link of the thread'
            else 'kept as bytes only' end as fate,
       case when r.reason is not null then r.reason
            when p.file_id is not null then coalesce(p.author, m.author)
            when m.file_id is not null then m.author
            when f.kind in ('tool_output', 'paste', 'metadata') then f.kind
            else coalesce(r.type, 'no type') end as kind,
       count(*) as records, sum(r.byte_length)::bigint as bytes
from raw_records r
join files f using (file_id)
left join (select file_id, record_ordinal, min_by(author, ordinal) as author
           from placements group by file_id, record_ordinal) p
    on p.file_id = r.file_id and p.record_ordinal = r.ordinal
left join (select file_id, record_ordinal, min_by(author, role <> 'user') as author
           from messages group by file_id, record_ordinal) m
    on m.file_id = r.file_id and m.record_ordinal = r.ordinal
left join (select distinct file_id, record_ordinal from tool_outputs) o
    on o.file_id = r.file_id and o.record_ordinal = r.ordinal
left join (select distinct file_id, record_ordinal from facts) k
    on k.file_id = r.file_id and k.record_ordinal = r.ordinal
left join (select distinct file_id, record_ordinal from links) l
    on l.file_id = r.file_id and l.record_ordinal = r.ordinal
group by all order by records desc, kind
