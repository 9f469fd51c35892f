-- Families at least half of whose exchanges are copies, each with the family that holds most of
-- the originals. Linking through the representative keeps this linear in the size of a cluster.
with copies as (
    select e.family_id, r.family_id as original, count(distinct e.exchange_id) as n
    from clusters c
    join lane_exchanges e on e.exchange_id = c.exchange_id
    join lane_exchanges r on r.exchange_id = c.cluster_id
    where e.family_id <> r.family_id
    group by all
), sizes as (
    select family_id, count(*) as exchanges from lane_exchanges group by all
)
select family_id, arg_max(original, (n, original))
from copies join sizes using (family_id)
where 2 * n >= exchanges
group by family_id
order by family_id
