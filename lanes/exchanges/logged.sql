-- Prompts of the sessions in `touched` that a log may have seen, and those that logs saw. A `loose`
-- one is of a log that names no session, only the folder; `key` is the words without their spacing.
create or replace temp table seen_prompts as
with logs as (
    select l.*, l.session_id like 'log:%' as loose, coalesce(s.priority, 0) as priority
    from logged_prompts l
    join files f using (file_id)
    left join sources s using (source)
    anti join superseded using (file_id, record_ordinal)
    where l.session_id in (select session_id from touched)),
folders as (
    select f.session_id, any_value(f.value) as folder from facts f
    where f.kind = 'cwd' and f.session_id in (select session_id from touched)
      and f.value in (select project from logs where loose)
    group by f.session_id),
all_prompts as (
    select m.message_id, m.session_id, null as project, min(m.sent_at) as sent_at, 1000 as priority, true as answered,
           false as logged, false as loose, false as open_ended, any_value(m.text) as text
    from messages m
    anti join logged_prompts l using (file_id, record_ordinal)
    where m.role = 'user' and m.author in ('person', 'command') and m.text <> ''
      and (m.session_id in (select session_id from logs) or m.session_id in (select session_id from folders))
      and m.session_id in (select session_id from touched)
    group by m.message_id, m.session_id
    union all
    select l.message_id, l.session_id, any_value(l.project), any_value(l.asked_at), max(l.priority), bool_or(l.answered), true,
           any_value(l.loose), bool_or(l.open_ended), any_value(m.text)
    from logs l join messages m using (file_id, record_ordinal, message_id)
    group by l.message_id, l.session_id)
select p.* exclude (project), coalesce(p.project, f.folder) as folder,
       md5(nfc_normalize(trim(regexp_replace(text, '[\s\x{A0}]+', ' ', 'g')))) as key,
       regexp_replace(text, '\[Pasted text #.*$', '', 's') as opening
from all_prompts p left join folders f using (session_id)
