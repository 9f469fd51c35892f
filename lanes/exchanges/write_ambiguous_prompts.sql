-- Where a prompt stands in several logs it is listed once.
insert into ambiguous_prompts by name
select n.message_id, any_value(l.session_id) as session_id, any_value(n.reason) as reason,
       any_value(n.candidates) as candidates
from new_ambiguous_prompts n join logged_prompts l using (message_id) group by n.message_id
