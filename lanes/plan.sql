-- Which exchanges a build holds, in which split, with which weight, or why not (reason).
-- One member of a duplicate cluster stays: on the most held-out side that the cluster touches,
-- there the representative if it can, else the smallest id.
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
)
select f.exchange_id, f.session_id, f.family_id, f.agent, f.parent_exchange_id, f.split, f.weight,
       f.interrupted, f.asked_at,
       case when not f.keep then 'rule'
            when f.cluster_id is null or f.exchange_id = c.exchange_id and f.held_out = c.side
                then case when f.split <> 'test' and f.asked_at::date >= $test_after
                          then 'after-cut' end
            when f.held_out < c.side then 'crosses-split'
            else 'duplicate' end as reason,
       row_number() over (order by f.family_id, f.asked_at, f.session_id, f.ordinal, f.exchange_id)
           as position
from facts f left join chosen c using (cluster_id)
