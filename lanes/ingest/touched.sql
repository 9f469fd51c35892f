-- Sessions that an unfinished ingest has brought records of.
with touched as (
    select file_id, session_id, read_from from files
    where ingest_id in (select ingest_id from ingests where finished_at is null)
),
brought as (
    select file_id, record_ordinal, session_id from messages
    union all select file_id, record_ordinal, session_id from links
    union all select file_id, record_ordinal, session_id from facts
    union all select file_id, record_ordinal, session_id from tool_outputs
)
select session_id from touched where session_id is not null
union
select b.session_id from brought b join touched t using (file_id)
where b.record_ordinal >= t.read_from
