-- Families at least half of whose exchanges have a copy in another family, exact, normalised or
-- near, each with the family that holds most of these copies. Linking through the representative
-- keeps this linear in the size of a cluster.
with pairs as (
    select e.family_id as member_family, e.exchange_id as member,
           r.family_id as best_family, r.exchange_id as best
    from clusters c
    join lane_exchanges e on e.exchange_id = c.exchange_id
    join lane_exchanges r on r.exchange_id = c.cluster_id
    where e.family_id <> r.family_id
), copies as (
    select family_id, original, count(distinct exchange_id) as n
    from (select member_family as family_id, best_family as original, member as exchange_id
          from pairs
          union all select best_family, member_family, best from pairs)
    group by all
), sizes as (
    select family_id, count(*) as exchanges from lane_exchanges group by all
)
select family_id, arg_max(original, (n, original))
from copies join sizes using (family_id)
where 2 * n >= exchanges
group by family_id
order by family_id
