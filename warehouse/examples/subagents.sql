-- which exchanges sent out the most subagents
select e.exchange_id, e.project, count(*) as agents, sum(s.tool_calls)::bigint as their_tool_calls,
       any_value(left(e.prompt, 200)) as prompt
from v_exchanges s
join v_tool_calls t on t.tool_call_id = s.caller_id
join v_exchanges e on e.exchange_id = t.exchange_id
group by all order by agents desc, e.exchange_id
