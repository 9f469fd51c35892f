-- Route labels of a capture, from oracle_states and oracle_strain.
-- good: acceptable here; stays: here and at every later candidate. sure: how far from being the
-- opposite, 0 to 1. tanh(margin / 2) is (p1 - p2) / (p1 + p2) of the two likeliest tokens: while
-- a lens agrees, its margin is the way to disagreement; while it does not, it is at most that.
insert into route_labels by name
with judged as (
    select *, agree and finite and coalesce(kl <= $kl::double, true) as good,
           tanh(margin / 2) as sure_agree,
           coalesce(least(1, abs(ln(greatest(kl, 1e-9) / $kl::double)) / $near), 1) as sure_kl
    from oracle_states where planted is null
), sure as (
    select *, coalesce(case
               when good then least(sure_agree, sure_kl)
               when agree then sure_kl
               when kl <= $kl::double then sure_agree
               else greatest(sure_agree, case when $kl::double is null then 0 else sure_kl end)
           end, 1) as sure
    from judged
), depths as (
    select prompt_id, step, layer, bool_and(good) over later as stays,
           good and not coalesce(lead(good) over place, true) as flips,
           min(sure) over later as sure_stays, max(sure) filter (not good) over later as sure_fails,
           last_value(sure) over later as sure_last, good
    from sure
    window place as (partition by prompt_id, step order by layer),
           later as (partition by prompt_id, step order by layer
                     rows between current row and unbounded following)
), positions as (
    select prompt_id, step, coalesce(min(layer) filter (stays), $n_layers) as earliest,
           coalesce(min(layer) filter (good), $n_layers) as first,
           count(*) filter (flips) as flips,
           coalesce(arg_min(sure_stays, layer) filter (stays), 1) as sure_earliest
    from depths group by all
), teacher as (
    select prompt_id, step, tanh(margin / 2) as teacher
    from trace_layers where capture_id = $capture and lens = 'full' and planted is null
), vital as (
    select s.prompt_id, s.split, s.step, s.layer, s.planted, p.earliest, p.first, p.flips,
           p.sure_earliest, d.sure_stays, d.sure_fails, d.sure_last, t.teacher, r.structure,
           d.stays and s.planted is null as accepted,
           case when s.planted is not null or not s.finite then 'dead'
                when not d.stays and r.structure >= $dead then 'dead'
                when not d.stays and r.structure >= $revive then 'revive_needed'
                when greatest(r.structure, r.readout) >= $weak then 'weak'
                else 'alive' end as vitality,
           case when s.finite then 1 / (1 + (greatest(r.structure, r.readout) / $revive) ** 2)
                else 0 end as vitality_score
    from oracle_states s
    join depths d using (prompt_id, step, layer)
    join positions p using (prompt_id, step)
    join teacher t using (prompt_id, step)
    left join oracle_strain r
      on r.prompt_id = s.prompt_id and r.step = s.step and r.layer = s.layer
     and r.planted is not distinct from s.planted
), routed as (
    select *, case when accepted then 'accept_local'
                   when vitality in ('dead', 'revive_needed') then 'revive_local'
                   when earliest = $n_layers then 'escalate'
                   else 'continue_local' end as route
    from vital
)
-- Whoever damaged a state knows that it is dead.
select $version as label_version, $capture as capture_id, prompt_id, split, step, layer, planted,
       earliest, first, flips, route,
       case when planted is not null then 1
            else teacher * case route
                when 'accept_local' then sure_stays
                when 'revive_local' then
                    sure_fails * coalesce(least(1, abs(structure - $revive) / $near), 1)
                when 'escalate' then sure_last
                else least(sure_fails, sure_earliest) end
       end as confidence,
       vitality, vitality_score
from routed;
