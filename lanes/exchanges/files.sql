-- The files of the touched sessions, the one whose copy of a record counts first.
select u.file_id, coalesce(f.source, 'claude') as source
from (
    select file_id from messages where session_id in (select session_id from touched)
    union
    select file_id from links where session_id in (select session_id from touched)
) u left join files f using (file_id) left join sources s using (source)
order by coalesce(s.priority, 0) desc, f.kind is distinct from 'transcript', f.path, f.version desc, u.file_id
