-- What each rule drops of a plan, and where no rule before it does: these add up.
select rule_id, count(*) as drops, count(*) filter (place = 1) as first
from (
    select unnest(dropped_by) as rule_id, generate_subscripts(dropped_by, 1) as place
    from verdict_rows join lane_plan using (exchange_id) where reason = 'rule')
group by rule_id order by rule_id;
