-- One row a prompt, split layer and chosen position: where the state lies, and what full depth went
-- on to say from there. Positions are spread evenly, the first always among them.
with said as (
    select prompt_id, list(token order by step) as tokens
    from (select distinct prompt_id, step, token from captured_states) group by prompt_id
)
select p.split, p.prompt_id, p.exchange_id, p.session_id, p.shard, x.sha256 as shard_sha256,
       p.first_row + s.step as row, s.layer as split_layer, s.step, s.position,
       s.position + 1 - s.step as prompt_tokens, t.tokens[s.step + 1:] as continuation,
       s.route, s.vitality, s.confidence
from transfer_prompts p
join captured_states s using (prompt_id)
join said t using (prompt_id)
join capture_shards x on x.capture_id = $capture and x.shard = p.shard
where p.reason is null and s.planted is null
  and (s.step = 0 or s.step * $positions // p.tokens <> (s.step - 1) * $positions // p.tokens)
order by p.split, p.prompt_id, s.layer, s.step
