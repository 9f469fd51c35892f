select message_ordinal, tool, ok, input, output
from v_tool_calls where exchange_id = $exchange_id order by message_ordinal, tool_call_id
