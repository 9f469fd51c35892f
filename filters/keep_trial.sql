-- What a trial found is kept for the next comparison, of the last few rule sets only.
delete from trial_decisions
where rule_set = $rule_set and exchange_id in (select exchange_id from todo);
insert into trial_decisions
select $rule_set, t.exchange_id, t.fingerprint, coalesce(m.mask, []), current_timestamp::timestamp
from todo t left join exchange_masks m using (row_number);
delete from trial_decisions where rule_set not in (
    select rule_set from trial_decisions group by all order by max(tried_at) desc limit 4);
