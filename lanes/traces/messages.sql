-- The messages of a session's files in the order they were written, each once. `copied`: a fork or
-- a resumed session repeats what was said in another session, in a file named after itself; in a
-- file of another name only the session's own messages count. Of a subagent's thread `caller_id` is
-- the tool call that started it.
with said as (
    select m.file_id, m.record_ordinal, m.message_id, m.agent_id, m.api_id, m.role,
           coalesce(x.author, m.author) as author, coalesce(x.kind, m.kind) as kind, m.model,
           m.sent_at, m.text, x.exchange_id, coalesce(x.on_path, true) as on_path,
           coalesce(x.session_id <> $session, false) as copied
    from messages m join files f using (file_id) left join placements x using (message_id)
    where list_contains($files, m.file_id) and $session in (f.session_id, m.session_id)
    qualify row_number() over (partition by m.message_id order by list_position($files, m.file_id),
                                                                m.record_ordinal) = 1
), thought as (
    select file_id, record_ordinal, string_agg(text, chr(10) || chr(10) order by ordinal) as thinking
    from blocks where type = 'thinking' and text <> '' group by all
)
select s.* exclude (exchange_id), t.thinking, e.caller_id
from said s left join thought t using (file_id, record_ordinal)
left join exchanges e using (exchange_id)
order by list_position($files, s.file_id), s.record_ordinal
