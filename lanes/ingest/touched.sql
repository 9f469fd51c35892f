-- Sessions that an unfinished ingest has brought records of.
with touched as (
    select file_id, session_id from files
    where ingest_id in (select ingest_id from ingests where finished_at is null)
)
select session_id from touched where session_id is not null
union select session_id from messages where file_id in (select file_id from touched)
union select session_id from links where file_id in (select file_id from touched)
union select session_id from facts where file_id in (select file_id from touched)
union select session_id from tool_outputs where file_id in (select file_id from touched)
