-- The sessions that fit, in order of time; a list without members asks for nothing.
select session_id, agent, coalesce(project, 'none') as project, client_version, title,
       parent_session_id
from v_sessions
where (len($sessions::varchar[]) = 0
       or len(list_filter($sessions::varchar[], lambda p: starts_with(session_id, p))) > 0)
  and ($project is null or project = $project)
  and ($since is null or coalesce(ended_at, started_at) >= $since)
order by started_at nulls last, session_id
