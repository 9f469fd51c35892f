-- The tokens of each call of a model, at the record that names them; counts of several records are
-- those of one answer as it grew.
select file_id, record_ordinal, call_id, coalesce(input_tokens, 0) as input_tokens,
       coalesce(cache_read_tokens, 0) as cache_read_tokens,
       coalesce(cache_write_tokens, 0) as cache_write_tokens,
       coalesce(output_tokens, 0) as output_tokens, coalesce(reasoning_tokens, 0) as reasoning_tokens
from usage_lines where list_contains($files, file_id)
order by list_position($files, file_id), record_ordinal
