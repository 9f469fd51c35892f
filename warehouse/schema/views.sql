-- The public SQL surface. Names and meanings stay; more columns are welcome. Made anew by every
-- migration, so a view may be mended without one of its own.

create or replace view v_files as
select file_id, source, path, kind, session_id, version, bytes, records, quarantined, state,
       first_seen, last_read, gone_at
from files;

create or replace view v_sessions as
select s.session_id, s.agent, s.source, s.project, s.cwd, s.git_branch, s.parent_session_id,
       s.started_at, s.ended_at, coalesce(e.exchanges, 0) as exchanges,
       s.family_id, s.title, s.client_version
from sessions s
left join (select session_id, count(*) as exchanges from exchanges group by all) e using (session_id);

create or replace view v_messages as
select m.message_id, x.exchange_id, m.session_id, x.ordinal, m.role, m.author, m.text, m.sent_at,
       m.agent_id, m.kind, m.model, m.parent_id, m.api_id, x.on_path, m.file_id, m.record_ordinal
from messages m left join exchange_messages x using (message_id)
where m.canonical;

create or replace view v_tool_calls as
select t.tool_call_id, x.exchange_id, t.tool, t.original_name, t.input, t.output, t.ok, t.exit_code,
       t.duration_ms, t.message_id, t.result_message_id, x.ordinal as message_ordinal,
       t.explicit_error, t.rejected, t.called_at
from tool_calls t left join exchange_messages x using (message_id);

create or replace view v_usage as
select call_id, session_id, agent, model, called_at, input_tokens, cache_read_tokens,
       cache_write_tokens, output_tokens, reasoning_tokens
from api_calls;

create or replace view v_exchanges as
select e.exchange_id, e.session_id, s.agent, e.source, s.project, e.ordinal, e.asked_at, e.author,
       p.text as prompt, a.answer, coalesce(t.tool_calls, 0) as tool_calls,
       coalesce(t.tool_errors, 0) as tool_errors, coalesce(t.edits, 0) as edits, e.interrupted,
       coalesce(n.sightings, 1) as sightings,
       e.kind, e.agent_id, e.caller_id, e.parent_exchange_id, e.opener_id, e.answered_at, s.family_id,
       a.messages
from exchanges e
join sessions s using (session_id)
left join messages p on p.message_id = e.opener_id and p.canonical
left join (
    select x.exchange_id, count(*) as messages,
           string_agg(m.text, e'\n\n' order by x.ordinal) filter (m.author = 'agent' and m.text <> '') as answer
    from exchange_messages x join messages m using (message_id)
    where m.canonical and x.on_path group by x.exchange_id) a using (exchange_id)
left join (
    select x.exchange_id, count(*) as tool_calls,
           count(*) filter (not t.ok) as tool_errors,
           count(*) filter (t.tool in ('Edit', 'Write', 'MultiEdit', 'NotebookEdit')) as edits
    from tool_calls t join exchange_messages x using (message_id)
    where x.on_path group by x.exchange_id) t using (exchange_id)
left join (select exchange_id, count(*) as sightings from exchange_sources group by all) n using (exchange_id);

create or replace view v_lane_rows as
select build_id, lane, split, row, turn, exchange_id, session_id, weight from lane_rows;
