-- records that could not be read, by reason
select reason, count(*) as records, count(distinct file_id) as files,
       sum(byte_length)::bigint as bytes, any_value(excerpt) as an_excerpt
from v_quarantine group by all order by records desc, reason
