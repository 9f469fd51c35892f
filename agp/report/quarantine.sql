select reason, count(*) as records, sum(byte_length)::bigint as bytes,
       min_by(path, (path, byte_offset)) as path,
       min_by(byte_offset, (path, byte_offset)) as byte_offset,
       min_by(excerpt, (path, byte_offset)) as shape
from v_quarantine group by all order by records desc, reason
