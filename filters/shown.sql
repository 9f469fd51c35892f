-- What a person is shown of everything that rules are judged on: the opener of an exchange, or a
-- message. Equal words are one text: whoever has judged them once is not asked again.
create or replace temp table shown as
select x.exchange_id, case when $on = 'exchange' then '' else x.message_id end as message_id,
       any_value(hash(coalesce(m.text, ''))) as text_hash
from placements x
join messages m using (file_id, record_ordinal, message_id)
where x.on_path and ($on = 'message' or x.ordinal = 0)
group by all;
