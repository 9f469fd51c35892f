-- Which exchanges a build holds, in which split, with which weight, or why not (reason).
-- One member of a duplicate cluster stays: on the most held-out side that the cluster touches,
-- there the representative if it can, else the smallest id. What was made from one template stays,
-- and weighs together at most $template_cap.
create or replace temp table lane_plan as
with facts as (
    select e.*, s.split, coalesce(v.keep, false) as keep, coalesce(v.weight, 1.0) as weight,
           list_position($splits, s.split) as held_out, c.cluster_id, c.representative
    from lane_exchanges e
    join splits s using (family_id)
    left join verdict_rows v using (exchange_id)
    left join clusters c using (exchange_id)
), chosen as (
    select cluster_id, max(held_out) as side,
           arg_max(exchange_id, (held_out, representative, -ordinal, exchange_id))
               filter (keep) as exchange_id
    from facts where cluster_id is not null group by cluster_id
), decided as (
    select f.*, t.template_id,
           case when not f.keep then 'rule'
                when f.cluster_id is null or f.exchange_id = c.exchange_id and f.held_out = c.side
                    then case when f.split <> 'test' and f.asked_at::date >= $test_after
                              then 'after-cut' end
                when f.held_out < c.side then 'crosses-split'
                else 'duplicate' end as reason
    from facts f left join chosen c using (cluster_id)
    left join templates t on t.exchange_id = f.exchange_id
)
select exchange_id, session_id, family_id, agent, parent_exchange_id, split,
       case when template_id is null or reason is not null then weight
            else weight * least(1, $template_cap::double / sum(weight) filter (reason is null)
                                       over (partition by template_id)) end as weight,
       interrupted, asked_at, reason,
       row_number() over (order by family_id, asked_at, session_id, ordinal, exchange_id)
           as position
from decided
