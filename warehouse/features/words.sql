-- The words of the exchanges in `stale`: what was asked and all that was answered.
create or replace temp table words as
select exchange_id, prompt,
       case len(said) when 1 then said[1].text  -- most are one text, and need not be put in order
       else array_to_string(list_transform(list_sort(said), lambda s: s.text), e'\n\n') end as answer,
       messages, notices, api_errors
from (
    select x.exchange_id, any_value(m.text) filter (x.ordinal = 0) as prompt,
           list({ordinal: x.ordinal, text: m.text})
               filter (m.author = 'agent' and m.role = 'assistant' and m.text <> '') as said,
           count(*) as messages,
           count(*) filter (m.author = 'harness' and x.ordinal > 0) as notices,
           count(*) filter (m.kind = 'api_error') as api_errors
    from placements x
    join stale using (exchange_id)
    join messages m using (file_id, record_ordinal, message_id)
    where x.on_path
    group by x.exchange_id);
