-- Decisions of earlier rule sets can be made again; those that a dataset rests on stay.
delete from decisions
where rule_set <> $rule_set and rule_set not in (select rule_set from lane_builds)
   or exchange_id not in (select exchange_id from exchanges);
delete from rules
where rule_set <> $rule_set and rule_set not in (select rule_set from lane_builds);
