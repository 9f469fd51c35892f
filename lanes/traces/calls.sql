-- Every tool call of a session's files with its result, wherever the whole of that lies.
with pieces as (
    select file_id, record_ordinal, tool_call_id, part, string_agg(text, '' order by piece) as text
    from long_texts where list_contains($files, file_id) group by all
), results as (
    select tool_call_id, any_value(output order by returned_at nulls last) as output,
           any_value(ok order by returned_at nulls last) as ok,
           any_value(rejected order by returned_at nulls last) as rejected,
           any_value(output_file order by returned_at nulls last) as output_file
    from (
        select r.* replace (coalesce(r.output, o.text) as output)
        from tool_results r left join pieces o
          on o.part = 'output' and o.file_id = r.file_id and o.record_ordinal = r.record_ordinal
         and o.tool_call_id = r.tool_call_id
        where list_contains($files, r.file_id))
    group by tool_call_id
), beside as (
    select name, string_agg(text, '' order by record_ordinal) as text
    from tool_outputs where list_contains($files, file_id) group by name
)
select u.file_id, u.record_ordinal, u.tool_call_id, u.original_name as tool,
       coalesce(u.input, i.text) as input,
       r.tool_call_id is not null as answered, coalesce(b.text, r.output) as output, r.ok,
       r.rejected
from tool_uses u
left join pieces i
  on i.part = 'input' and i.file_id = u.file_id and i.record_ordinal = u.record_ordinal
 and i.tool_call_id = u.tool_call_id
left join results r on r.tool_call_id = u.tool_call_id
left join beside b on b.name in (r.output_file, u.tool_call_id || '.txt')
where list_contains($files, u.file_id)
qualify row_number() over (partition by u.tool_call_id order by list_position($files, u.file_id),
                                                              u.record_ordinal, b.name) = 1
order by list_position($files, u.file_id), u.record_ordinal, u.tool_call_id
