-- What a rule set says of every exchange as it is now, from where it was written down.
select s.exchange_id, coalesce(d.mask, t.mask) as mask
from seen s
left join (from decisions where rule_set = $rule_set and message_id is null) d
  using (exchange_id, fingerprint)
left join (from trial_decisions where rule_set = $rule_set) t using (exchange_id, fingerprint)
