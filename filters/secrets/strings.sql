-- Every string of the history that a person or a tool wrote, with the place it stands in.
create or replace temp view secret_strings as
select 'message' as field, message_id as id, exchange_id, session_id, text
from v_messages where text is not null
union all
select 'tool input', c.tool_call_id, c.exchange_id, e.session_id, c.input
from v_tool_calls c left join exchanges e using (exchange_id) where c.input is not null
union all
select 'tool output', c.tool_call_id, c.exchange_id, e.session_id, c.output
from v_tool_calls c left join exchanges e using (exchange_id) where c.output is not null
union all
select 'memory', memory_id, null, conversation_id, text from v_memories where text is not null
union all
select 'session', session_id, null, session_id, concat_ws(e'\n', title, cwd, git_branch)
from v_sessions
union all
select 'file', file_id, null, null, path from v_files
