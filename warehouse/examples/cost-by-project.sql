-- what each project's tokens would cost at API list prices (edit the list in cost-by-model to yours)
with prices(prefix, input, cache_read, cache_write, output) as (values
    ('claude-opus-4-5', 5.00, 0.50, 6.25, 25.0),
    ('claude-opus', 15.00, 1.50, 18.75, 75.0),
    ('claude-sonnet', 3.00, 0.30, 3.75, 15.0),
    ('claude-haiku', 1.00, 0.10, 1.25, 5.0))
select s.project, count(*) as calls, count(*) filter (p.input is null) as without_a_price,
       round(sum(
           coalesce(u.input_tokens, 0) * p.input + coalesce(u.cache_read_tokens, 0) * p.cache_read
           + coalesce(u.cache_write_tokens, 0) * p.cache_write
           + (coalesce(u.output_tokens, 0) + coalesce(u.reasoning_tokens, 0)) * p.output
       ) / 1e6, 2)::double as dollars
from v_usage u
left join v_sessions s using (session_id)
left join lateral (
    select * from prices where starts_with(u.model, prefix) order by length(prefix) desc limit 1
) p on true
group by all order by dollars desc nulls last, s.project
