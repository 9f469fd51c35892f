-- Every exchange of the plan with its words and tool calls in order.
with parts as (
    select exchange_id, ordinal, 0 as place, message_id as part_id, role, text,
           null as tool, null as input, null as output, null as ok, null as rejected
    from lane_words
    union all
    select exchange_id, message_ordinal, 1, tool_call_id, 'assistant', null,
           tool, input, output, ok, rejected
    from v_tool_calls where on_path
)
select p.exchange_id, p.session_id, p.family_id, p.agent, p.parent_exchange_id, p.split, p.weight,
       p.interrupted, p.reason, p.position,
       t.part_id, t.role, t.text, t.tool, t.input, t.output, t.ok, t.rejected
from lane_plan p left join parts t on p.exchange_id = t.exchange_id and p.reason is null
order by p.position, t.ordinal, t.place, t.part_id
