-- Rows of claude_prompts that changed: the newest version counts, and one before it is a version only.
create or replace temp table superseded as
select v.memory_id, v.file_id, v.record_ordinal
from memory_versions v join files f using (file_id)
where f.kind = 'log' and not v.deleted
qualify row_number() over (
    partition by v.memory_id order by f.first_seen desc, f.path desc, v.record_ordinal desc) > 1;

-- The sessions of such a version and of the newest one belong together: a row may have moved.
insert into touched
select m.session_id
from superseded s join messages m using (file_id, record_ordinal)
where s.memory_id in (
    select v.memory_id
    from memory_versions v join messages m using (file_id, record_ordinal)
    where m.session_id in (select session_id from touched));
