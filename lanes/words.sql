-- The words of every message on the path of an exchange, as rules leave them: what a rule strips is
-- gone. What the harness put into an exchange that a person opened is nobody's turn.
create or replace temp view lane_words as
with strips as (
    select exchange_id, message_id, bool_or(span is null) as whole,
           list(span order by span) filter (span is not null) as spans
    from verdict_strips group by all
)
select m.exchange_id, m.message_id, m.ordinal, m.role,
       case when s.spans is null then m.text
            else list_reduce(s.spans, lambda t, span: regexp_replace(t, span, '', 'g'), m.text)
       end as text
from v_messages m left join strips s using (exchange_id, message_id)
where m.on_path and m.role in ('user', 'assistant') and m.text <> ''
  and m.author is distinct from 'tool' and not coalesce(s.whole, false)
  and (m.author is distinct from 'harness' or m.ordinal = 0)
