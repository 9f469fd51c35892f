-- From every record to what became of it, by source; the numbers add up to all records.
select f.source,
       case when r.reason is not null then 'quarantined'
            when p.file_id is not null then 'messages'
            when m.file_id is not null then 'copies of messages'
            else 'facts and machinery' end as fate,
       case when r.reason is null and p.file_id is not null
            then coalesce(p.author, m.author) else '' end as author,
       count(*) as n
from raw_records r
join files f using (file_id)
left join (select file_id, record_ordinal, min_by(author, ordinal) as author
           from placements group by all) p
    on p.file_id = r.file_id and p.record_ordinal = r.ordinal
left join (select file_id, record_ordinal, min_by(author, role <> 'user') as author
           from messages group by all) m
    on m.file_id = r.file_id and m.record_ordinal = r.ordinal
group by all order by n desc, source, fate, author
