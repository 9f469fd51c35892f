-- One row a candidate layer and lens: what the lens says there, beside full depth.
select lens, layer, count(*) as positions, avg(kl) as kl, avg(agree::int) as agree,
       avg(stays::int) as stays, avg(same_as_before::int) as same_as_before,
       avg(cross_entropy) as cross_entropy, avg(entropy) as entropy
from read_parquet($file) where planted is null and split = $split
group by all order by lens, layer
