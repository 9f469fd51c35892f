-- How well tool calls are joined to their results, and how errors are known.
select count(*) as calls, count(result_message_id) as joined,
       count(*) filter (not ok) as errors,
       count(*) filter (not ok and explicit_error) as explicit_errors,
       count(*) filter (rejected) as rejected
from v_tool_calls
