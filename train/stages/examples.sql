-- The rows of one shard that heads learn from: facts of a lens and labels, of real and damaged states.
select list_position($prompts, t.prompt_id) - 1 as prompt, t.step, t.layer, t.planted, t.best, t.agree,
       t.entropy, t.margin, t.max_prob, t.kl_before,
       t.norm, t.kurtosis, t.participation, t.massive, t.cosine,
       r.route, r.vitality, r.earliest, r.confidence
from trace_layers t join route_labels r using (capture_id, prompt_id, step, layer)
where t.capture_id = $capture and r.label_version = $version and t.lens = $lens
  and t.planted is not distinct from r.planted
  and list_contains($prompts, t.prompt_id)
order by prompt, step, layer, planted nulls first
