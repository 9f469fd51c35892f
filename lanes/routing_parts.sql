-- The words and tool calls of every captured exchange of the plan, in order.
with wanted as (
    select * from lane_plan p
    where reason is null and exists (
        from captured_spans s where s.exchange_id = p.exchange_id and s.split = p.split)
), parts as (
    select exchange_id, ordinal, 0 as place, message_id as part_id, role, text,
           null as tool, null as input, null as output, null as outcome
    from lane_words
    union all
    select exchange_id, message_ordinal, 1, tool_call_id, 'tool', null, tool, input, output,
           case when rejected then 'rejected' when result_message_id is null then 'unanswered'
                when ok then 'ok' when explicit_error then 'failed' else 'failed_inferred' end
    from v_tool_calls where on_path
)
select w.exchange_id, w.session_id, w.agent, w.split, w.weight, w.position,
       t.role, t.text, t.tool, t.input, t.output, t.outcome
from wanted w left join parts t using (exchange_id)
order by w.position, t.ordinal, t.place, t.part_id
