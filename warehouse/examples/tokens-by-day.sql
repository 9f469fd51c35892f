-- tokens written and read each day
select called_at::date as day, count(*) as calls, sum(output_tokens) as output,
       sum(input_tokens + cache_read_tokens + cache_write_tokens) as read
from v_usage group by all order by day desc
