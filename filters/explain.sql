select rule_id, action, list_sort(list(lane)) as lanes, message_id, any_value(evidence)
from v_decisions where rule_set = $rule_set and exchange_id = $exchange_id
group by rule_id, action, message_id
order by message_id nulls first, rule_id;
