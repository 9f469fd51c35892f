-- One row a position: after how many layers an oracle stops, on the best lens there is.
-- earliest: it agrees with full depth and stays so; first: it agrees at all; a flip: first < earliest.
select prompt_id, step,
       coalesce(min(layer) filter (stays), $n_layers) as earliest,
       coalesce(min(layer) filter (agree), $n_layers) as first
from read_parquet($file) where planted is null and split = $split and lens = $lens
group by all order by prompt_id, step
