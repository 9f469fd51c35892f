-- what each rule said, by rule set (the one that ran last first) and lane
select rule_set, lane, rule_id, action, count(*) as hits, count(distinct exchange_id) as exchanges
from v_decisions left join (select rule_set, max(run_at) as run_at from rule_runs group by all)
     using (rule_set)
group by all
order by any_value(run_at) desc nulls last, rule_set, lane, hits desc, rule_id
