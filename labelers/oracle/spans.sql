-- One row a split: what an oracle makes of its positions and prompts.
select split, count(*) as prompts, sum(positions)::bigint as positions,
       round(sum(mean_earliest * positions) / sum(positions), 3) as mean_earliest,
       round(sum(mean_first * positions) / sum(positions), 3) as mean_first,
       round(avg(earliest), 3) as mean_of_prompts, sum(flips)::bigint as flips
from v_route_prompts where capture_id = $capture and label_version = $version
group by all order by split
