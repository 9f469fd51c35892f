-- the sessions with the most exchanges
select session_id, project, exchanges, started_at,
       date_diff('minute', started_at, ended_at) as minutes, title
from v_sessions order by exchanges desc, started_at, session_id
