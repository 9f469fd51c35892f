-- tokens and API calls by model and project
select u.model, s.project, count(*) as calls, sum(u.input_tokens) as input,
       sum(u.cache_read_tokens) as cache_read, sum(u.cache_write_tokens) as cache_write,
       sum(u.output_tokens) as output
from v_usage u join v_sessions s using (session_id)
group by all order by output desc nulls last, u.model, s.project
