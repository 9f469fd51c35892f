-- The rows of a shard that hold a prompt's states, and the bytes they are part of.
select c.path || '/' || p.shard as path, s.sha256, p.first_row, p.rows, p.prompt_id, p.exchange_id
from capture_prompts p
join captures c using (capture_id)
join capture_shards s on s.capture_id = p.capture_id and s.shard = p.shard
where p.capture_id = $capture and p.prompt_id = $prompt
