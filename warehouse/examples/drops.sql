-- what each rule said, by lane
select rule_set, lane, rule_id, action, count(*) as hits, count(distinct exchange_id) as exchanges
from v_decisions group by all order by lane, hits desc
