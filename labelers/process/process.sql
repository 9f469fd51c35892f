-- How each exchange went, for those that are new or changed since.
create or replace temp table process_due as
select f.exchange_id, f.fingerprint from features f
anti join process p using (exchange_id, fingerprint);

create or replace temp table process_calls as
with call as (
    select c.exchange_id, c.tool, c.input, c.ok, c.explicit_error, c.rejected,
           c.result_message_id is not null as answered, c.message_ordinal,
           row_number() over turn as place,
           json_extract_string(try_cast(c.input as json), '$.file_path') as file,
           lower(coalesce(json_extract_string(try_cast(c.input as json), '$.command'), ''))
               as command,
           lag(c.tool) over turn as tool_before, lag(c.ok) over turn as ok_before,
           lead(true) over turn is null as last
    from v_tool_calls c join process_due using (exchange_id)
    where c.on_path
    window turn as (partition by c.exchange_id order by c.message_ordinal, c.called_at, c.tool_call_id))
select *,
       tool in ('Edit', 'Write', 'MultiEdit', 'NotebookEdit') as is_edit,
       tool = 'Bash' and regexp_matches(command,
           '(^|[;&| ])(pytest|tox|make (test|check)|npm (run )?test|cargo test|go test|ruff|mypy|pyright|eslint|tsc)\b')
           as is_check,
       tool = 'Bash' and regexp_matches(command,
           '(^|[;&| ])git (revert|restore|stash|reset --hard|checkout (--|\.))') as is_revert,
       row_number() over (partition by exchange_id, tool, input order by place) > 1 as is_repeat,
       count(*) over (partition by exchange_id, file, tool in ('Edit', 'Write', 'MultiEdit', 'NotebookEdit'))
           as of_file,
       coalesce(not ok, false) and bool_or(coalesce(ok, false)) over (
           partition by exchange_id, tool order by place
           rows between 1 following and unbounded following) as recovered
from call;

create or replace temp table process_words as
select x.exchange_id,
       count(*) filter (m.role = 'assistant' and m.text <> '') as answer_messages,
       count(*) filter (coalesce(x.author, m.author) = 'person' and x.ordinal > 0
                        and coalesce(x.kind, m.kind) <> 'tool_result') as steered,
       sum(len(regexp_extract_all(lower(left(m.text, 8000)),
           '\b(might|maybe|perhaps|probably|i think|not sure|i assume|seems to|should work|i believe|unclear|not checked)\b')))
           filter (m.role = 'assistant') as hedges,
       sum(len(regexp_extract_all(lower(left(m.text, 8000)),
           '\b(verified|confirmed|definitely|certainly|i am sure|i''m sure|all tests pass|tests pass|works now|is green)\b')))
           filter (m.role = 'assistant') as assurances,
       coalesce(bool_or(regexp_matches(lower(left(m.text, 400)),
           '^\s*(no[,.! ]+(i|that|not|the|you|it)\b|wrong\b|that''s (not|wrong)|that is (not|wrong)|not what i|stop\b|revert that|you (broke|misread|forgot))'))
           filter (x.ordinal = 0 and coalesce(x.author, m.author) = 'person'), false) as corrects
from placements x join process_due using (exchange_id)
join messages m using (file_id, record_ordinal, message_id)
where x.on_path
group by x.exchange_id;

delete from process where exchange_id in (select exchange_id from process_due)
    or exchange_id not in (select exchange_id from features);

insert into process by name
select d.exchange_id, d.fingerprint,
       coalesce(c.calls, 0) as calls, coalesce(c.succeeded, 0) as succeeded,
       coalesce(c.failed, 0) as failed, coalesce(c.failed_inferred, 0) as failed_inferred,
       coalesce(c.rejected, 0) as rejected, coalesce(c.unanswered, 0) as unanswered,
       coalesce(c.shell, 0) as shell, coalesce(c.reads, 0) as reads,
       coalesce(c.searches, 0) as searches, coalesce(c.edits, 0) as edits,
       coalesce(c.web, 0) as web, coalesce(c.edited_files, 0) as edited_files,
       coalesce(c.most_edits_of_a_file, 0) as most_edits_of_a_file,
       coalesce(c.retries, 0) as retries, coalesce(c.repeats, 0) as repeats,
       coalesce(c.recoveries, 0) as recoveries, coalesce(c.reverts, 0) as reverts,
       coalesce(c.checks, 0) as checks, coalesce(c.failed_checks, 0) as failed_checks,
       c.last_call_ok, coalesce(w.answer_messages, 0) as answer_messages,
       coalesce(c.tool_rounds, 0) as tool_rounds, coalesce(w.steered, 0) as steered,
       f.interrupted, coalesce(w.hedges, 0) as hedges, coalesce(w.assurances, 0) as assurances,
       coalesce(w.corrects, false) as corrects,
       case when f.interrupted then 'interrupted'
            when coalesce(w.answer_messages, 0) = 0 and coalesce(c.calls, 0) = 0 then 'unanswered'
            when f.api_errors > 0 or not coalesce(c.last_call_ok, true) then 'failed'
            when coalesce(c.last_check_ok, false) then 'checked'
            else 'done' end as outcome
from process_due d join features f using (exchange_id)
left join process_words w using (exchange_id)
left join (
    select exchange_id, count(*) as calls, count(*) filter (ok) as succeeded,
           count(*) filter (not ok and explicit_error and not coalesce(rejected, false)) as failed,
           count(*) filter (not ok and not coalesce(explicit_error, false)
                            and not coalesce(rejected, false)) as failed_inferred,
           count(*) filter (rejected) as rejected, count(*) filter (not answered) as unanswered,
           count(*) filter (tool = 'Bash') as shell,
           count(*) filter (tool in ('Read', 'NotebookRead')) as reads,
           count(*) filter (tool in ('Grep', 'Glob', 'LS')) as searches,
           count(*) filter (is_edit) as edits,
           count(*) filter (tool in ('WebFetch', 'WebSearch')) as web,
           count(distinct file) filter (is_edit) as edited_files,
           max(of_file) filter (is_edit and file is not null) as most_edits_of_a_file,
           count(*) filter (tool = tool_before and not ok_before) as retries,
           count(*) filter (is_repeat) as repeats, count(*) filter (recovered) as recoveries,
           count(*) filter (is_revert) as reverts, count(*) filter (is_check) as checks,
           count(*) filter (is_check and not ok) as failed_checks,
           any_value(ok) filter (last) as last_call_ok,
           arg_max(ok, place) filter (is_check) as last_check_ok,
           count(distinct message_ordinal) as tool_rounds
    from process_calls group by exchange_id) c using (exchange_id);
