-- A version of a file as far as it is read now. A new version leaves the one before as it was.
update files f set state = 'rewritten'
from seen s
where f.path = s.path and f.source = s.source and f.version < s.version and f.state <> 'rewritten';

-- What was read since the last finished ingest begins where the first unfinished one began.
update files f set read_from = f.records
from seen s
where f.file_id = s.file_id and f.ingest_id in (select ingest_id from ingests where finished_at is not null);

merge into files f using seen s on f.file_id = s.file_id
when matched then update set
    bytes = s.bytes, records = s.records, quarantined = s.quarantined, open_from = s.open_from,
    ingest_id = case when f.bytes = s.bytes then f.ingest_id else $ingest end,
    prefix_sha256 = s.prefix_sha256, size = s.size, mtime_ns = s.mtime_ns, state = 'present',
    gone_at = null, last_read = now()::timestamp
when not matched then insert values (
    s.file_id, s.source, s.path, s.kind, s.session_id, s.version, s.bytes, s.records, s.quarantined,
    s.open_from, s.prefix_sha256, s.size, s.mtime_ns, 'present', now()::timestamp, now()::timestamp,
    null, $ingest, 0)
