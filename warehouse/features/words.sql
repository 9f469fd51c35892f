-- The words of the exchanges in `stale`: what was asked and all that was answered.
create or replace temp table words as
select x.exchange_id, any_value(m.text) filter (x.ordinal = 0) as prompt,
       string_agg(m.text, e'\n\n' order by x.ordinal)
           filter (m.author = 'agent' and m.role = 'assistant' and m.text <> '') as answer,
       count(*) as messages,
       count(*) filter (m.author = 'harness' and x.ordinal > 0) as notices,
       count(*) filter (m.kind = 'api_error') as api_errors
from placements x
join stale using (exchange_id)
join messages m using (file_id, record_ordinal, message_id)
where x.on_path
group by x.exchange_id;
