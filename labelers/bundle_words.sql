-- The words of each labelled exchange, and its likely primitives with their probabilities.
with likely as (
    select exchange_id, map_from_entries(list((label, probability) order by label)) as primitives
    from labels semi join primitives using (label)
    where probability >= $likely group by exchange_id)
select x.exchange_id, e.session_id, any_value(left(m.text, 2000)),
       coalesce(any_value(l.primitives), map {})
from thread x join exchanges e using (exchange_id)
join placements o on o.exchange_id = x.exchange_id and o.ordinal = 0 and o.on_path
join messages m using (file_id, record_ordinal, message_id)
left join likely l on l.exchange_id = x.exchange_id
group by all order by all;
