-- The kinds of things and how they hang together. A section `kind` describes those whose ids stand
-- in `wanted`, id first; a section `kind > kind` gives the ids of the one that belong to $id of the
-- other, towards the bytes (record, file) or towards what was made of them (exchange, row, build).
-- Words come with far more characters than are shown: their secrets are replaced before the cut.

-- section: file
select f.file_id as id, f.source, f.kind, f.path, f.version, f.bytes, f.records, f.state,
       hex(f.prefix_sha256) as sha256
from files f join wanted w on w.id = f.file_id order by f.path, f.version;

-- section: record
select w.id, f.path, r.byte_offset, r.byte_length, lower(hex(r.sha256)) as sha256, r.reason
from wanted w
join raw_records r on r.file_id = split_part(w.id, ':', 1)
    and r.ordinal = try_cast(split_part(w.id, ':', 2) as integer)
join files f on f.file_id = r.file_id
order by f.path, r.ordinal;

-- section: message
select m.message_id as id, m.ordinal, m.role, m.author, m.kind, m.sent_at, left(m.text, 4000) as text
from v_messages m join wanted w on w.id = m.message_id order by m.exchange_id, m.ordinal;

-- section: call
select t.tool_call_id as id, t.tool, t.called_at, t.ok, left(t.input, 4000) as input
from v_tool_calls t join wanted w on w.id = t.tool_call_id order by t.called_at, t.tool_call_id;

-- section: exchange
select e.exchange_id as id, e.author, e.kind, e.asked_at, e.session_id,
       (select left(any_value(m.text), 4000) from v_messages m
        where m.exchange_id = e.exchange_id and m.ordinal = 0) as prompt
from exchanges e join wanted w on w.id = e.exchange_id order by e.session_id, e.ordinal;

-- section: session
select s.session_id as id, s.agent, s.project, s.started_at, s.exchanges, s.family_id,
       s.parent_session_id
from v_sessions s join wanted w on w.id = s.session_id order by s.started_at, s.session_id;

-- section: row
select w.id, r.lane, r.split, r.row, count(*) filter (r.supervised) as exchanges,
       nullif(count(*) filter (not r.supervised), 0) as context, max(r.weight) as weight
from lane_rows r join wanted w on r.build_id = split_part(w.id, ':', 1)
    and r.split = split_part(w.id, ':', 2)
    and r.row = try_cast(split_part(w.id, ':', 3) as integer)
group by all order by r.split, r.row;

-- section: build
select b.build_id as id, b.lane, b.built_at, b.rows, b.path, b.rule_set, b.content_sha256 as sha256
from lane_builds b join wanted w on w.id = b.build_id order by b.built_at, b.build_id;

-- section: capture
select c.capture_id as id, c.model, c.pack, c.prompts, c.captured_at, c.path
from captures c join wanted w on w.id = c.capture_id order by c.captured_at, c.capture_id;

-- section: run
select r.run_id as id, r.stage, r.model, r.state, r.started_at, r.path
from runs r join wanted w on w.id = r.run_id order by r.started_at, r.run_id;

-- section: bundle
select b.bundle_id as id, b.stage, b.model, b.seen_at, b.path
from model_bundles b join wanted w on w.id = b.bundle_id order by b.seen_at, b.bundle_id;

-- section: promotion
select p.promotion_id as id, p.decision, p.reason, p.decided_at, p.path
from promotions p join wanted w on w.id = p.promotion_id order by p.decided_at, p.promotion_id;

-- section: memory
select w.id, any_value(v.place) as place, any_value(v.row_key) as row_key, any_value(m.role) as role,
       any_value(m.created_at) as created_at, arg_max(v.deleted, (v.seen_at, v.record_ordinal)) as gone,
       count(*) filter (not v.deleted) as versions, left(any_value(m.text), 4000) as text
from wanted w join v_memory_versions v on v.memory_id = w.id
left join v_memories m on m.memory_id = w.id
group by w.id order by created_at, w.id;

-- section: memory > record
select file_id || ':' || record_ordinal as id from memory_versions where memory_id = $id;

-- section: memory > before
select parent_id as id from v_memory_edges where child_id = $id and not deleted;

-- section: memory > after
select child_id as id from v_memory_edges where parent_id = $id and not deleted;

-- section: memory > message
select m.message_id as id from memory_versions v join messages m using (file_id, record_ordinal)
where v.memory_id = $id;

-- section: memory > conversation
select conversation_id as id from memories where memory_id = $id;

-- section: record > memory
select memory_id as id from memory_versions
where file_id = split_part($id, ':', 1) and record_ordinal = try_cast(split_part($id, ':', 2) as int);

-- section: record > file
select split_part($id, ':', 1) as id;

-- section: message > record
select file_id || ':' || record_ordinal as id from messages
where message_id = $id or message_id in (select message_id from aliases where same_as = $id);

-- section: call > message
select unnest([message_id, result_message_id]) as id from v_tool_calls where tool_call_id = $id;

-- section: exchange > message
select message_id as id from v_messages where exchange_id = $id;

-- section: exchange > caller
select caller_id as id from exchanges where exchange_id = $id;

-- section: row > exchange
select exchange_id as id from lane_rows
where build_id = split_part($id, ':', 1) and split = split_part($id, ':', 2)
  and row = try_cast(split_part($id, ':', 3) as integer);

-- section: build > row
select distinct build_id || ':' || split || ':' || row as id from lane_rows where build_id = $id;

-- section: build > file
select distinct m.file_id as id
from lane_rows r join v_messages m using (exchange_id) where r.build_id = $id;

-- section: session > file
select distinct file_id as id from messages where session_id = $id;

-- section: file > session
select distinct session_id as id from messages where file_id = $id;

-- section: file > exchange
select distinct x.exchange_id as id
from messages m left join aliases a using (message_id)
join v_messages x on x.message_id = coalesce(a.same_as, m.message_id) where m.file_id = $id;

-- section: record > message
select coalesce(same_as, message_id) as id from messages left join aliases using (message_id)
where file_id = split_part($id, ':', 1) and record_ordinal = try_cast(split_part($id, ':', 2) as int);

-- section: message > exchange
select exchange_id as id from v_messages where message_id = $id;

-- section: call > exchange
select exchange_id as id from v_tool_calls where tool_call_id = $id;

-- section: exchange > agent
select exchange_id as id from exchanges
where caller_id in (select tool_call_id from v_tool_calls where exchange_id = $id);

-- section: exchange > row
select build_id || ':' || split || ':' || row as id from lane_rows where exchange_id = $id;

-- section: session > exchange
select exchange_id as id from exchanges where session_id = $id;

-- section: session > build
select r.build_id as id from lane_rows r join exchanges e using (exchange_id)
where e.session_id = $id;

-- section: file > build
select r.build_id as id from lane_rows r
join (select distinct x.exchange_id
      from messages m left join aliases a using (message_id)
      join v_messages x on x.message_id = coalesce(a.same_as, m.message_id)
      where m.file_id = $id) using (exchange_id);

-- section: row > build
select split_part($id, ':', 1) as id;

-- section: build > run
select run_id as id from runs where build_id = $id;

-- section: run > build
select build_id as id from runs where run_id = $id and build_id is not null;

-- section: run > parent
select base_run_id as id from runs where run_id = $id and base_run_id is not null;

-- section: run > capture
select capture_id as id from run_captures where run_id = $id;

-- section: capture > exchange
select exchange_id as id from capture_prompts where capture_id = $id and exchange_id is not null;

-- section: capture > file
select m.file_id as id from capture_prompts p join v_messages m using (exchange_id)
where p.capture_id = $id;

-- section: capture > run
select run_id as id from run_captures where capture_id = $id;

-- section: exchange > capture
select capture_id as id from capture_prompts where exchange_id = $id;

-- section: run > child
select run_id as id from runs where base_run_id = $id;

-- section: run > promotion
select promotion_id as id from promotions where run_id = $id;

-- section: promotion > run
select run_id as id from promotions where promotion_id = $id;

-- section: promotion > bundle
select run_id as id from promotions where promotion_id = $id;

-- section: bundle > run
select run_id as id from model_bundle_parts where bundle_id = $id and run_id is not null;

-- section: bundle > promotion
select promotion_id as id from promotions where run_id = $id;

-- section: run > bundle
select bundle_id as id from model_bundle_parts where run_id = $id;
