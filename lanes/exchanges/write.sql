-- Replace what stands across records for the sessions in `touched` by the new_* tables.
delete from tool_calls where exchange_id in (
    select exchange_id from exchanges where session_id in (select session_id from touched));
delete from exchange_sources where exchange_id in (
    select exchange_id from exchanges where session_id in (select session_id from touched));
delete from exchanges where session_id in (select session_id from touched);
delete from placements where session_id in (select session_id from touched);
delete from sessions where session_id in (select session_id from touched);

insert into placements by name select * from new_placements;

create or replace temp table new_results as
select r.tool_call_id, x.exchange_id, s.family_id, r.file_id, r.record_ordinal, r.ok,
       r.output_file,
       row_number() over (partition by x.exchange_id, r.tool_call_id order by x.ordinal) as nth,
       row_number() over (partition by s.family_id, r.tool_call_id order by x.exchange_id, x.ordinal)
           as nth_in_family
from tool_results r
join new_placements x using (file_id, record_ordinal, message_id)
join new_sessions s using (session_id);

create or replace temp table new_calls as
select u.tool_call_id, x.exchange_id, u.file_id, u.record_ordinal, x.ordinal as message_ordinal,
       x.on_path, coalesce(r.file_id, q.file_id) as result_file_id,
       coalesce(r.record_ordinal, q.record_ordinal) as result_record_ordinal, u.tool,
       coalesce(r.ok, q.ok) as ok, o.file_id as output_file_id,
       o.record_ordinal as output_record_ordinal
from tool_uses u
join new_placements x using (file_id, record_ordinal, message_id)
join new_sessions s using (session_id)
left join new_results r
    on r.exchange_id = x.exchange_id and r.tool_call_id = u.tool_call_id and r.nth = 1
left join new_results q
    on r.file_id is null and q.family_id = s.family_id and q.tool_call_id = u.tool_call_id
    and q.nth_in_family = 1
left join (
    select session_id, name, min_by(file_id, file_id) as file_id,
           min_by(record_ordinal, file_id) as record_ordinal
    from (select session_id, file_id, record_ordinal, name from tool_outputs
          union select session_id, file_id, record_ordinal, regexp_replace(name, '\.[^.]*$', '')
          from tool_outputs)
    where session_id in (select session_id from touched) group by all) o
    on o.session_id = x.session_id and o.name = coalesce(r.output_file, q.output_file, u.tool_call_id)
qualify row_number() over (partition by x.exchange_id, u.tool_call_id order by x.ordinal) = 1;

insert into tool_calls by name select * exclude (tool, ok) from new_calls;

insert into exchange_sources by name
with seen as (
    select e.exchange_id, e.source, e.opener_id as message_id from new_exchanges e
    union all
    select e.exchange_id, e.source, a.message_id from new_exchanges e
    join aliases a on a.same_as = e.opener_id)
select e.exchange_id, coalesce(f.source, e.source) as source, m.session_id, m.file_id,
       min(m.record_ordinal) as record_ordinal, min(m.sent_at) as asked_at,
       max(l.complexity) as complexity, max(l.tokens) as tokens, max(l.tool_calls) as tool_calls,
       max(l.tool_errors) as tool_errors, max(l.edits) as edits
from seen e
join messages m using (message_id)
anti join superseded using (file_id, record_ordinal)
left join files f using (file_id)
left join logged_prompts l using (file_id, record_ordinal, message_id)
group by all;

insert into exchanges by name
select e.* replace (coalesce(e.asked_at, n.asked_at) as asked_at),
       coalesce(c.tool_calls, n.tool_calls, 0) as tool_calls,
       coalesce(c.tool_errors, n.tool_errors, 0) as tool_errors,
       coalesce(c.edits, n.edits, 0) as edits, n.sightings, n.complexity, n.tokens as logged_tokens
from new_exchanges e
join (
    select s.exchange_id, count(*) as sightings, min(s.asked_at) as asked_at,
           max(s.complexity) as complexity, max(s.tokens) as tokens,
           max(s.tool_calls)::integer as tool_calls, max(s.tool_errors)::integer as tool_errors,
           max(s.edits)::integer as edits
    from exchange_sources s semi join new_exchanges using (exchange_id) group by s.exchange_id) n
    using (exchange_id)
left join (
    select exchange_id, count(*) as tool_calls, count(*) filter (not ok) as tool_errors,
           count(*) filter (tool in ('Edit', 'Write', 'MultiEdit', 'NotebookEdit')) as edits
    from new_calls where on_path group by exchange_id) c using (exchange_id);

update exchanges e set caller_id = c.caller_id
from (
    with tasks as (
        select e.exchange_id, e.session_id, e.agent_id, f.value,
               row_number() over (partition by e.session_id, f.value order by e.ordinal) as nth
        from new_exchanges e
        left join (select distinct session_id, key, value from facts where kind = 'task_text') f
            on f.session_id = e.session_id and f.key = e.opener_id
        where e.agent_id is not null),
    asked as (
        select session_id, value, key,
               row_number() over (partition by session_id, value order by line, key) as nth
        from (select session_id, value, key, min(record_ordinal) as line from facts
              where kind = 'task_prompt' and session_id in (select session_id from touched)
              group by all)),
    told as (
        select session_id, key as agent_id, min(value) as caller_id from facts
        where kind = 'agent_call' and session_id in (select session_id from touched) group by all)
    select t.exchange_id, coalesce(told.caller_id, asked.key) as caller_id
    from tasks t
    left join asked using (session_id, value, nth)
    left join told using (session_id, agent_id)) c
where e.exchange_id = c.exchange_id and c.caller_id is not null;

insert into sessions by name
with told as (
    select f.session_id, f.kind, f.value,
           (coalesce(s.kind, '') <> 'transcript', s.version, f.record_ordinal, f.file_id) as place
    from facts f left join files s using (file_id)
    where f.session_id in (select session_id from touched) and f.key = ''),
named as (
    select x.session_id, max_by(f.value, (x.ordinal, f.value)) as value
    from facts f join new_placements x on x.message_id = f.key
    where f.kind = 'summary' group by x.session_id),
spoken as (
    select m.session_id, min(m.sent_at) as started_at, max(m.sent_at) as ended_at
    from messages m where m.session_id in (select session_id from touched) group by m.session_id),
own as (
    select x.session_id, min(m.sent_at) as started_at
    from new_placements x join messages m using (file_id, record_ordinal, message_id) group by x.session_id)
select n.session_id, n.source, n.family_id, n.parent_session_id,
       coalesce(min_by(t.value, t.place) filter (t.kind = 'agent'), a.agent, n.source) as agent,
       regexp_extract(coalesce(max_by(t.value, t.place) filter (t.kind = 'folder'),
                               min_by(t.value, t.place) filter (t.kind = 'cwd')),
                      '([^/\\]+)[/\\]*$', 1) as project,
       min_by(t.value, t.place) filter (t.kind = 'cwd') as cwd,
       min_by(t.value, t.place) filter (t.kind = 'git_branch') as git_branch,
       max_by(t.value, t.place) filter (t.kind = 'version') as client_version,
       coalesce(max_by(t.value, t.place) filter (t.kind = 'custom-title'),
                max_by(t.value, t.place) filter (t.kind = 'ai-title'),
                max_by(t.value, t.place) filter (t.kind = 'agent-name'), any_value(named.value)) as title,
       coalesce(any_value(own.started_at), any_value(spoken.started_at)) as started_at,
       any_value(spoken.ended_at) as ended_at
from new_sessions n
left join sources a using (source)
left join told t using (session_id)
left join named using (session_id)
left join spoken using (session_id)
left join own using (session_id)
group by n.session_id, n.source, n.family_id, n.parent_session_id, a.agent;

drop table new_calls;
drop table new_results;
drop table superseded;
drop table touched;
