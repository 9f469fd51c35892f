-- What two rule sets say of every exchange as it is now, from where it was written down.
create or replace temp table compared as
select s.exchange_id, coalesce(b.mask, c.mask) as before, coalesce(a.mask, z.mask) as after
from seen s
left join (from decisions where rule_set = $before and message_id is null) b
  using (exchange_id, fingerprint)
left join (from trial_decisions where rule_set = $before) c using (exchange_id, fingerprint)
left join (from decisions where rule_set = $after and message_id is null) a
  using (exchange_id, fingerprint)
left join (from trial_decisions where rule_set = $after) z using (exchange_id, fingerprint);

create or replace temp table combinations as
select row_number() over () as number, before, after
from (select distinct before, after from compared);
