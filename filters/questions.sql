-- What to ask a person about a rule: half of what it hits, half of what it does not, by hash, and of
-- equal words one.
with open as (
    select * from judgements where holds is null
    qualify row_number() over (
        partition by text_hash
        order by hit desc, hash(exchange_id, message_id), exchange_id, message_id) = 1
), placed as (
    select *, row_number() over (
        partition by hit order by hash(exchange_id, message_id), exchange_id, message_id) as place
    from open
), picked as (
    from placed order by place, hit desc limit $most
)
select p.exchange_id, p.message_id, p.hit, left(m.text, 4000) as text
from picked p
left join v_messages m on m.exchange_id = p.exchange_id
 and (m.message_id = p.message_id or p.message_id = '' and m.ordinal = 0)
order by p.place, p.hit desc;
