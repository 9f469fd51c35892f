-- Exchanges by source, who asked, and the rules that hit them.
select mask, source, author, count(*) as n
from decisions join features using (exchange_id)
where rule_set = $rule_set and message_id is null group by all order by all
