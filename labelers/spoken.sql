-- What is compared of each exchange of the projects in stale_turns.
create or replace temp table spoken as
select exchange_id, left(prompt, $prompt_chars) as prompt, left(answer, $answer_chars) as answer
from stale_turns left join words using (exchange_id);
