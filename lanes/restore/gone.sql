-- Sessions whose transcript is one of `absent`, the last to speak first: for `agp restore`.
select f.session_id, max(s.title) as title, max(s.project) as project,
       coalesce(max(s.ended_at), max(make_timestamp(f.mtime_ns // 1000))) as ended_at,
       sum(f.bytes)::bigint as bytes, count(*) as files, max(f.gone_at) as gone_at
from files f left join sessions s using (session_id)
where f.file_id in (select unnest($absent::varchar[])) and f.session_id is not null
  and f.source in ('claude', 'claude_cowork', 'codex')
group by f.session_id
having bool_or(f.kind = 'transcript')
order by ended_at desc nulls last, f.session_id
