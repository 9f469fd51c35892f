-- The newest version of each file of a session: those named after it, and those named after no
-- session that hold messages of it (a subagent's of an old layout, a transcript that was renamed).
-- A log of prompts is no transcript: it holds other sessions too.
select file_id, source, path, kind, session_id
from files f
where state <> 'rewritten' and kind <> 'log' and (session_id = $session
    or not exists (from sessions s where s.session_id = f.session_id)
       and file_id in (select file_id from messages where session_id = $session))
order by kind = 'transcript' desc, path
