-- The features of the exchanges in `stale`, from their words and the structure around them.
insert into features by name
select e.exchange_id, d.fingerprint, e.author, e.kind, s.agent, e.source,
       coalesce(r.priority, 0) as source_priority, s.project, e.asked_at,
       epoch(e.answered_at - e.asked_at) as seconds, e.ordinal,
       e.agent_id is not null as is_subagent, e.interrupted,
       coalesce(n.sightings, 1) as sightings, coalesce(w.messages, 0) as messages,
       coalesce(w.notices, 0) as notices, coalesce(w.api_errors, 0) as api_errors,
       coalesce(t.tool_calls, e.tool_calls) as tool_calls,
       coalesce(t.tool_errors, e.tool_errors) as tool_errors,
       coalesce(t.tool_rejections, 0) as tool_rejections, coalesce(t.edits, e.edits) as edits,
       coalesce(t.orchestration_calls, 0) as orchestration_calls,
       coalesce(t.tools, []) as tools, e.complexity, e.logged_tokens,
       w.* exclude (exchange_id, prompt, answer, messages, notices, api_errors),
       1 as copies, false as better_source, null as mirrors
from (select *, {measures}, {hashes} from words) w
join exchanges e using (exchange_id)
join fingerprints d using (exchange_id)
join sessions s using (session_id)
left join sources r on r.source = e.source
left join (select exchange_id, count(*) as sightings from exchange_sources group by all) n
  using (exchange_id)
left join (
    select exchange_id, count(*) as tool_calls, count(*) filter (not ok) as tool_errors,
           count(*) filter (rejected) as tool_rejections,
           count(*) filter (tool in ('Edit', 'Write', 'MultiEdit', 'NotebookEdit')) as edits,
           count(*) filter (tool in (
               'Task', 'Agent', 'TaskCreate', 'TaskUpdate', 'TaskGet', 'TaskList', 'TaskOutput',
               'TaskStop', 'TodoWrite', 'TodoRead', 'BashOutput', 'KillShell', 'KillBash',
               'EnterPlanMode', 'ExitPlanMode', 'SendMessage', 'TeamCreate', 'TeamDelete',
               'Skill', 'SlashCommand', 'Sleep', 'ScheduleWakeup', 'CronCreate', 'CronDelete',
               'CronList', 'Monitor', 'ToolSearch')) as orchestration_calls,
           list_sort(list(distinct tool)) as tools
    from v_tool_calls join stale using (exchange_id) where on_path group by exchange_id) t
  using (exchange_id);
