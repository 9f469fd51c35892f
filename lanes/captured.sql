-- What a capture says of the prompts that led back to exchanges: their spans, and their states.
-- A span is a prompt's continuation: `tokens` rows of a shard from `first_row` on.
create or replace temp table captured_spans as
select c.prompt_id, c.split, c.shard, c.first_row, c.rows as tokens, c.exchange_id
from capture_prompts c where c.capture_id = $capture;

create or replace temp table captured_states as
select r.prompt_id, r.step, r.layer, r.planted, t.position, t.token, t.agree, t.same_as_before,
       t.kl, t.kl_before, t.entropy, t.margin, t.max_prob, t.cross_entropy, t.norm, t.kurtosis,
       t.participation, t.massive, t.cosine, r.earliest, r.flips, r.route, r.vitality,
       round(r.confidence, 6) as confidence, round(r.vitality_score, 6) as vitality_score
from route_labels r
join trace_layers t
  on t.capture_id = r.capture_id and t.prompt_id = r.prompt_id and t.step = r.step
 and t.layer = r.layer and t.planted is not distinct from r.planted and t.lens = $lens
where r.capture_id = $capture and r.label_version = $version;
