-- One row a prompt that both captures have, a layer and a lens: the means over its own continuation.
with facts as (
    select 'a' as capture, * from read_parquet($a) union all by name
    select 'b' as capture, * from read_parquet($b)
), means as (
    select capture, lens, layer, prompt_id, avg(kl) as kl, avg(agree::int) as agree,
           avg(stays::int) as stays
    from facts where planted is null and split = $split group by all
)
select lens, layer, a.kl as kl_a, b.kl as kl_b, a.agree as agree_a, b.agree as agree_b,
       a.stays as stays_a, b.stays as stays_b
from (from means where capture = 'a') a
join (from means where capture = 'b') b using (lens, layer, prompt_id)
order by lens, layer, prompt_id
