-- How strained each state is, beside the real states of its own layer on the training side.
-- oracle_states: a row a state at a candidate layer; oracle_strain: the worst of its facts.
create or replace temp table oracle_states as
select prompt_id, split, step, layer, planted, agree, kl, entropy, margin, norm, kurtosis,
       participation, massive, cosine, semantic,
       coalesce(isfinite(kl) and isfinite(entropy) and isfinite(margin) and isfinite(norm)
                and isfinite(kurtosis) and isfinite(participation) and isfinite(massive), false)
           as finite
from trace_layers where capture_id = $capture and lens = $lens;

create or replace temp table oracle_strain as
with facts as (
    unpivot oracle_states
    on kl, entropy, norm, kurtosis, participation, massive, cosine, semantic
    into name fact value value
), usual as (
    select layer, fact, median(value) as middle, quantile_cont(value, 0.01) as low,
           quantile_cont(value, 0.99) as high
    from facts
    where planted is null and split in ('train', 'heads') and isfinite(value)
    group by layer, fact
), strains as (
    select prompt_id, step, layer, planted, fact, value > middle as above,
           abs(value - middle) / greatest(
               case when value > middle then high - middle else middle - low end,
               $floor * abs(middle), 1e-6) as strain
    from facts join usual using (layer, fact)
)
-- What a state looks like strains either way; what is read out of it, only where it is unsure.
select prompt_id, step, layer, planted,
       coalesce(max(strain) filter (fact not in ('kl', 'entropy', 'semantic')), 0) as structure,
       coalesce(max(strain) filter (fact in ('kl', 'entropy') and above
                                    or fact = 'semantic' and not above), 0) as readout
from strains group by all;
