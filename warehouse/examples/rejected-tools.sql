-- tool calls the person refused
select t.called_at, t.tool, e.project, left(t.input, 200) as input
from v_tool_calls t join v_exchanges e using (exchange_id)
where t.rejected order by t.called_at desc, t.tool_call_id
