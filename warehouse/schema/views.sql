-- The public SQL surface. Names and meanings stay; more columns are welcome. Made anew by every
-- migration, so a view may be mended without one of its own.

create or replace view v_files as
select file_id, source, path, kind, session_id, version, bytes, records, quarantined, state,
       first_seen, last_read, gone_at
from files;

-- A quarantined record may hold a secret, so only its shape is shown.
create or replace view v_quarantine as
select r.file_id, f.path, r.ordinal, r.byte_offset, r.byte_length, r.reason,
       regexp_replace(regexp_replace(regexp_replace(regexp_replace(
           replace(r.excerpt::varchar, '\x22', '"'),
           '\\x[0-9A-F]{2}', '?', 'g'), '\pL', 'a', 'g'), '\pN', '0', 'g'), '[\r\n]', '', 'g')[:120]
           as excerpt
from raw_records r join files f using (file_id) where r.reason is not null;

create or replace view v_sessions as
select s.session_id, s.agent, s.source, s.project, s.cwd, s.git_branch, s.parent_session_id,
       s.started_at, s.ended_at, coalesce(e.exchanges, 0) as exchanges,
       s.family_id, s.title, s.client_version
from sessions s
left join (select session_id, count(*) as exchanges from exchanges group by all) e using (session_id);

create or replace view v_messages as
select m.message_id, x.exchange_id, x.session_id, x.ordinal, m.role,
       coalesce(x.author, m.author) as author, m.text, m.sent_at, m.agent_id,
       coalesce(x.kind, m.kind) as kind, m.model, m.parent_id, m.api_id, x.on_path, m.file_id,
       m.record_ordinal
from placements x join messages m using (file_id, record_ordinal, message_id);

-- Where the whole output lies in a file beside the transcript, that is the output. Long texts stand
-- in pieces; a query that asks for none of them reads none.
create or replace view v_tool_calls as
select c.tool_call_id, c.exchange_id, u.tool, u.original_name, coalesce(u.input, i.text) as input,
       coalesce(b.text, r.output, o.text) as output, r.ok, r.exit_code, r.duration_ms, u.message_id,
       r.message_id as result_message_id, c.message_ordinal, r.explicit_error, r.rejected,
       u.called_at, c.on_path, r.returned_at, b.text is not null as output_beside
from tool_calls c
join tool_uses u
  on u.file_id = c.file_id and u.record_ordinal = c.record_ordinal
 and u.tool_call_id = c.tool_call_id
left join tool_results r
  on r.file_id = c.result_file_id and r.record_ordinal = c.result_record_ordinal
 and r.tool_call_id = c.tool_call_id
left join tool_outputs b
  on b.file_id = c.output_file_id and b.record_ordinal = c.output_record_ordinal
left join (
    select file_id, record_ordinal, tool_call_id, string_agg(text, '' order by piece) as text
    from long_texts where part = 'input' group by all) i
  on i.file_id = u.file_id and i.record_ordinal = u.record_ordinal
 and i.tool_call_id = u.tool_call_id
left join (
    select file_id, record_ordinal, tool_call_id, string_agg(text, '' order by piece) as text
    from long_texts where part = 'output' group by all) o
  on o.file_id = r.file_id and o.record_ordinal = r.record_ordinal
 and o.tool_call_id = r.tool_call_id;

create or replace view v_usage as
select u.call_id, coalesce(min(x.session_id), min(u.session_id)) as session_id,
       min(s.agent) as agent, max(u.model) as model, min(u.called_at) as called_at,
       max(input_tokens) as input_tokens, max(cache_read_tokens) as cache_read_tokens,
       max(cache_write_tokens) as cache_write_tokens, max(output_tokens) as output_tokens,
       max(reasoning_tokens) as reasoning_tokens
from usage_lines u
join sessions s using (session_id)
left join placements x using (file_id, record_ordinal)
group by u.call_id;

create or replace view v_exchanges as
select e.exchange_id, e.session_id, s.agent, e.source, s.project, e.ordinal, e.asked_at, e.author,
       t.prompt, t.answer, e.tool_calls, e.tool_errors, e.edits, e.interrupted, e.sightings,
       e.kind, e.agent_id, e.caller_id, e.parent_exchange_id, e.opener_id, e.answered_at, s.family_id,
       e.messages, e.on_path, e.api_errors, e.complexity, e.logged_tokens,
       e.source in ('claude_history', 'codex_history') as prompt_only
from exchanges e
join sessions s using (session_id)
left join (
    select exchange_id, prompt,
           case len(said) when 1 then said[1].text  -- most are one text, and need no order
           else array_to_string(list_transform(list_sort(said), lambda s: s.text), e'\n\n')
           end as answer
    from (
        select x.exchange_id, any_value(m.text) filter (m.role <> 'assistant') as prompt,
               list({ordinal: x.ordinal, text: m.text}) filter (m.role = 'assistant') as said
        from placements x join messages m using (file_id, record_ordinal, message_id)
        where m.text <> '' and case m.role when 'assistant' then x.on_path and m.author = 'agent'
                               else x.ordinal = 0 end
        group by x.exchange_id)) t using (exchange_id);

create or replace view v_sightings as
select s.exchange_id, s.source, s.session_id, s.asked_at, s.file_id, s.record_ordinal, s.complexity,
       s.tokens, s.tool_calls, s.tool_errors, s.edits
from exchange_sources s;

create or replace view v_ambiguous_prompts as
select x.exchange_id, a.session_id, a.reason, a.candidates
from ambiguous_prompts a join placements x using (message_id);

-- The newest version of each row of memory_turns; one that is gone keeps its last words.
create or replace view v_memories as
with now as (
    select v.memory_id, any_value(v.place) as place, any_value(v.row_key) as row_key,
           arg_max({file_id: v.file_id, ordinal: v.record_ordinal},
                   (f.first_seen, f.path, v.record_ordinal)) filter (not v.deleted) as at,
           arg_max(v.deleted, (f.first_seen, f.path, v.record_ordinal)) as gone,
           max(f.first_seen) filter (v.deleted) as gone_at,
           count(*) filter (not v.deleted) as versions
    from memory_versions v join files f using (file_id)
    group by v.memory_id
)
select m.memory_id, n.place, n.row_key, m.conversation_id, m.role, m.text, m.phase, m.salience,
       m.domain, m.task_type, m.project, m.created_at, m.updated_at,
       n.gone or m.deleted_at is not null as deleted,
       coalesce(m.deleted_at, case when n.gone then n.gone_at end) as deleted_at,
       n.versions, len(m.embedding) as dimensions, m.embedding, m.phase_confidence, m.depth,
       m.sibling_order, m.homogeneity, m.temporal, m.complexity, m.content_hash, m.file_id,
       m.record_ordinal
from now n
join memories m on m.file_id = n.at.file_id and m.record_ordinal = n.at.ordinal;

create or replace view v_memory_versions as
select v.memory_id, v.place, v.row_key, v.deleted, f.first_seen as seen_at, v.file_id,
       v.record_ordinal
from memory_versions v join files f using (file_id);

create or replace view v_memory_edges as
with now as (
    select v.memory_id,
           arg_max({file_id: v.file_id, ordinal: v.record_ordinal},
                   (f.first_seen, f.path, v.record_ordinal)) filter (not v.deleted) as at,
           arg_max(v.deleted, (f.first_seen, f.path, v.record_ordinal)) as gone
    from memory_versions v join files f using (file_id)
    group by v.memory_id
)
select e.parent_id, e.child_id, e.edge_type, e.created_at,
       n.gone or e.deleted_at is not null as deleted, e.file_id, e.record_ordinal
from now n
join memory_edges e on e.file_id = n.at.file_id and e.record_ordinal = n.at.ordinal;

-- What was known before an exchange was asked: `from memories_before('x01b5...')`.
create or replace macro memories_before(exchange) as table
select m.memory_id, m.created_at, e.asked_at - m.created_at as before,
       coalesce(m.project = e.project, false) as same_project,
       coalesce(m.conversation_id = e.session_id, false) as same_conversation,
       m.role, m.phase, m.salience, m.text
from v_exchanges e join v_memories m on m.created_at < e.asked_at and not m.deleted
where e.exchange_id = exchange
order by m.created_at desc, m.memory_id;

create or replace view v_lane_rows as
select build_id, lane, split, row, turn, exchange_id, session_id, weight,
       supervised
from lane_rows;

create or replace view v_findings as
select finding_id, kind, field, id, exchange_id, session_id, start_char, end_char, detector,
       detector_version, hex(digest) as secret, first_seen, last_seen
from findings;

-- Bit i of word w of a mask is the rule at position 64 w + i.
-- The evidence is the rule's expression with what it read: of texts only how long they are.
create or replace view v_decisions as
select d.rule_set, r.rule_id, unnest(r.lanes) as lane, d.exchange_id, d.message_id, r.action,
       r.expression || '; ' || list_aggregate(list_transform(r.columns, lambda c: case c
           when 'prompt' then 'prompt has ' || f.prompt_chars || ' characters'
           when 'answer' then 'answer has ' || f.answer_chars || ' characters'
           when 'text' then 'text has ' || coalesce(length(m.text), 0) || ' characters'
           else c || ' = ' || coalesce(case
               when d.message_id is null then json_extract_string(to_json(f), '$.' || c)
               when c in ('author', 'kind', 'role', 'model', 'ordinal')
                   then json_extract_string({author: m.author, kind: m.kind, role: m.role,
                                             model: m.model, ordinal: m.ordinal}::json, '$.' || c)
               else 'as required' end, 'null')
       end), 'string_agg', ', ') as evidence
from decisions d
join rules r on r.rule_set = d.rule_set and (r.applies_to = 'message') = (d.message_id is not null)
left join features f on f.exchange_id = d.exchange_id
left join v_messages m on m.exchange_id = d.exchange_id and m.message_id = d.message_id
where d.mask[r.position // 64 + 1] >> (r.position % 64) & 1 = 1;

create or replace view v_votes as
select labeler, version, exchange_id, label, holds, confidence from votes where label is not null;

create or replace view v_labels as
select exchange_id, label, probability, source from labels;

create or replace view v_scripts as
select exchange_id, script, right_to_left, latin, nko, arabic, other from scripts;

create or replace view v_bundles as
select bundle_id, origin, name, words, primitives, exchanges, sessions from bundles;

create or replace view v_bundle_members as
select exchange_id, bundle_id, strength from bundle_members;

create or replace view v_neighbours as
select exchange_id, neighbour_id, rank, similarity from neighbours;

-- A session's outcome is that of its last exchange; what the next prompt corrects was wrong here.
create or replace view v_process as
select p.exchange_id, e.session_id, p.outcome,
       last_value(p.outcome) over (partition by e.session_id order by e.ordinal, p.exchange_id
           rows between unbounded preceding and unbounded following) as session_outcome,
       coalesce(lead(p.corrects) over (partition by e.session_id, e.agent_id
           order by e.ordinal, p.exchange_id), false) as corrected,
       p.* exclude (exchange_id, fingerprint, outcome)
from process p join exchanges e using (exchange_id);

create or replace view v_routes as
select label_version, capture_id, prompt_id, split, step, layer, planted, earliest, first, flips,
       route, confidence, vitality, vitality_score
from route_labels;

-- The span of a prompt is its continuation; the boundary that serves all of it is the last one.
create or replace view v_route_prompts as
with positions as (
    select distinct label_version, capture_id, prompt_id, split, step, earliest, first, flips
    from route_labels where planted is null
)
select label_version, capture_id, prompt_id, split, count(*) as positions,
       max(earliest) as earliest, avg(earliest) as mean_earliest, avg(first) as mean_first,
       sum(flips)::bigint as flips
from positions group by all;

create or replace view v_runs as
select run_id, stage, model, base_run_id, build_id, state, started_at, seconds, reason, adapter,
       model_digest, path
from runs;

create or replace view v_metrics as
select run_id, stage, name, split, value, low, high, n, step, pack from metrics;

create or replace view v_gates as
select run_id, stage, name, threshold, value, low, high, n, verdict, rule, pack, pack_digest,
       gates_digest, decided_at
from gates;

create or replace view v_ablations as
select ablation_id, rules, lane, model, rows_with, rows_without, tokens_with, tokens_without, pack,
       split, seeds, value, low, high, n, verdict, made_at, path
from ablations;

create or replace view v_promotions as
select promotion_id, run_id, stage, decision, decided_at, reason, model, build_id, artifact_sha256,
       path
from promotions;

create or replace view v_model_bundles as
select bundle_id, stage, model, model_digest, adapter_digest, artifact_sha256, path, seen_at
from model_bundles;

create or replace view v_model_bundle_parts as
select bundle_id, role, run_id from model_bundle_parts;

create or replace view v_test_openings as
select run_id, stage, pack, pack_digest, gates_digest, opened_at from test_openings;

create or replace view v_clusters as
select exchange_id, cluster_id, method, representative,
       case when method = 'near' then similarity end as similarity
from clusters;

create or replace view v_templates as
select exchange_id, template_id, members from templates;
