-- how often each tool is called and how often it fails
select tool, count(*) as calls, count(*) filter (not ok) as errors,
       round(100.0 * count(*) filter (not ok) / count(*), 1)::double as percent,
       count(*) filter (output is null) as without_result,
       round(median(duration_ms))::bigint as median_ms
from v_tool_calls group by all order by calls desc, tool
