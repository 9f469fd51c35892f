-- the person's prompts that took the most tool calls
select exchange_id, project, tool_calls, tool_errors, edits, left(prompt, 200) as prompt
from v_exchanges where author = 'person' order by tool_calls desc, exchange_id
