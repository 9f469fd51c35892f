-- The exchanges that a rule set has not seen as they are now (the table `seen`), and the messages on
-- their path. With $trial, what was evaluated only to be compared counts as seen.
create or replace temp table todo as
select row_number() over () as row_number, exchange_id, fingerprint
from seen
anti join (
    select exchange_id, fingerprint from decisions
    where rule_set = $rule_set and message_id is null
    union all
    select exchange_id, fingerprint from trial_decisions where rule_set = $rule_set and $trial) d
  using (exchange_id, fingerprint);

create or replace temp table todo_messages as
select row_number() over () as row_number,
       exchange_id, x.message_id, x.file_id, x.record_ordinal, x.ordinal
from placements x join todo using (exchange_id)
where x.on_path;
