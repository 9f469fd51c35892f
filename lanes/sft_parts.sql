-- Every exchange of the plan with its words and tool calls in order; rules have stripped theirs.
-- What the harness put into an exchange that a person opened is never a turn.
with strips as (
    select exchange_id, message_id, bool_or(span is null) as whole,
           list(span order by span) filter (span is not null) as spans
    from verdict_strips group by all
), parts as (
    select m.exchange_id, m.ordinal, 0 as place, m.message_id as part_id, m.role,
           case when s.spans is null then m.text
                else list_reduce(s.spans, lambda t, span: regexp_replace(t, span, '', 'g'), m.text)
           end as text,
           null as tool, null as input, null as output, null as ok, null as rejected
    from v_messages m left join strips s using (exchange_id, message_id)
    where m.on_path and m.role in ('user', 'assistant') and m.text <> ''
      and m.author is distinct from 'tool' and not coalesce(s.whole, false)
      and (m.author is distinct from 'harness' or m.ordinal = 0)
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
