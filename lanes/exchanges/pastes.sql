-- Logged prompts of the sessions in `touched` that hold pasted texts by their numbers only, and
-- of these texts those that are known.
select m.file_id, m.record_ordinal, m.message_id, any_value(m.text) as text,
       map(list(split_part(f.value, ' ', 1)), list(o.text)) as bodies
from logged_prompts l
join messages m using (file_id, record_ordinal, message_id)
join (select distinct file_id, record_ordinal, key, value from facts
      where kind = 'paste' and session_id in (select session_id from touched)) f
    on f.file_id = l.file_id and f.record_ordinal = l.record_ordinal and f.key = l.message_id
join (select name, min_by(text, file_id) as text from tool_outputs
      where starts_with(session_id, 'paste:') group by name) o
    on o.name = split_part(f.value, ' ', 2)
where l.open_ended and l.session_id in (select session_id from touched)
group by m.file_id, m.record_ordinal, m.message_id
