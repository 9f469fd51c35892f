-- The newest version of every file, and where a last line begins that had no end when it was read.
select f.path, f.file_id, f.size, f.mtime_ns, f.state, f.version, f.bytes, f.records, f.quarantined,
       f.prefix_sha256, f.open_from, o.records as open_ordinal, o.quarantined as open_quarantined
from files f
left join (
    select g.file_id, count(*) as records, count(r.reason) as quarantined
    from files g join raw_records r on r.file_id = g.file_id and r.byte_offset < g.open_from
    where g.open_from is not null and g.state <> 'rewritten'
    group by g.file_id
) o using (file_id)
where f.state <> 'rewritten'
