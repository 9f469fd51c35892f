-- Logged prompts that may be another's and were left apart: no words of theirs, only where to look.
select a.reason, x.exchange_id, a.session_id, len(a.candidates) as candidates, e.source, e.asked_at
from ambiguous_prompts a
join placements x using (message_id)
join exchanges e using (exchange_id)
order by a.reason, e.asked_at, x.exchange_id
