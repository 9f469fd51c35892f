-- Each exchange that a model is trained on in one of two builds or both, where it stands in each.
with stands as (
    select build_id, exchange_id, any_value(split) as split, max(weight) as weight,
           count(distinct row) as rows
    from lane_rows where supervised and build_id in ($one, $other)
    group by build_id, exchange_id
)
select coalesce(a.exchange_id, b.exchange_id) as exchange_id,
       a.split as split, a.weight as weight, a.rows as rows,
       b.split as other_split, b.weight as other_weight, b.rows as other_rows
from (from stands where build_id = $one) a
full join (from stands where build_id = $other) b using (exchange_id)
order by exchange_id
