-- Some of what each rule hit in a lane: the same ones every time, from all over the history.
with hit as (
    select rule_id, exchange_id, message_id from v_decisions
    where rule_set = $rule_set and lane = $lane
    qualify row_number() over (
        partition by rule_id order by hash(exchange_id, message_id), exchange_id, message_id
    ) <= $each)
select h.rule_id, h.exchange_id, h.message_id, left(m.text, 2000) as text
from hit h
join v_messages m on m.exchange_id = h.exchange_id
 and (m.message_id = h.message_id or h.message_id is null and m.ordinal = 0)
order by h.rule_id, h.exchange_id, h.message_id;
