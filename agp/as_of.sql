-- What was ingested after a build is taken away from a copy of the warehouse: the last
-- records, in the order in which they came.
create temp table later as
select file_id, ordinal
from raw_records
order by segment desc, stored_offset desc
limit $since;

delete from raw_records
where (file_id, ordinal) in (select (file_id, ordinal) from later);

create temp table left_of_files as
select file_id, count(*) as records, sum(byte_length)::bigint as bytes
from raw_records
group by all;

delete from files
where file_id in (select file_id from later)
    and file_id not in (select file_id from left_of_files);

update files
set records = l.records, bytes = l.bytes, open_from = null
from left_of_files l
where files.file_id = l.file_id and files.file_id in (select file_id from later);

-- A family keeps the split that it had; those that were decided since have none yet.
delete from splits
where decided_at > (select built_at from lane_builds where build_id = $build);

delete from reviews
where reviewed_at > (select built_at from lane_builds where build_id = $build);
