-- The newest version of every file of some sessions, or of every one of `absent`; a transcript
-- before what lies beside it. An agent of an older version has a file of its own that no folder
-- gives to a session, so the records say whose it is.
with newest as (
    select *, row_number() over (partition by source, path order by version desc) as place
    from files
    where source in ('claude', 'claude_cowork', 'codex')
      and kind in ('transcript', 'subagent', 'tool_output', 'metadata')),
owned as (
    select f.*, coalesce(f.session_id, (
        select min(m.session_id) from messages m where m.file_id = f.file_id)) as owner
    from newest f where f.place = 1)
select file_id, source, path, kind, owner, bytes, size, mtime_ns, prefix_sha256
from owned
where $sessions is null and file_id in (select unnest($absent::varchar[]))
   or list_contains($sessions, owner)
order by owner, kind <> 'transcript', path
