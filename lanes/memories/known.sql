-- What is known of each row of a table: the hash of its newest version, and whether it is gone.
create or replace temp table known as
select v.row_key, arg_max(r.sha256, (f.first_seen, f.path, v.record_ordinal)) as sha256,
       arg_max(v.deleted, (f.first_seen, f.path, v.record_ordinal)) as deleted
from memory_versions v
join files f using (file_id)
join raw_records r on r.file_id = v.file_id and r.ordinal = v.record_ordinal
where v.place = $place
group by v.row_key
