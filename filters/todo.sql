-- The exchanges that a rule set has not seen as they are now, and the messages on their path.
create or replace temp table todo as
select row_number() over (order by exchange_id) as row_number, exchange_id,
       hash(fingerprint, copies, better_source, mirrors) as fingerprint
from features f
anti join (select * from decisions where rule_set = $rule_set and message_id is null) d
  on d.exchange_id = f.exchange_id and d.fingerprint = hash(f.fingerprint, f.copies, f.better_source, f.mirrors);

create or replace temp table todo_messages as
select row_number() over (order by exchange_id, x.ordinal, x.message_id) as row_number,
       exchange_id, x.message_id, x.file_id, x.record_ordinal, x.ordinal
from placements x join todo using (exchange_id)
where x.on_path;
