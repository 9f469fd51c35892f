-- Sessions that must be looked at again when those in `touched` changed: what shares a record with
-- them, what hangs on one of theirs or they on one of its, what facts name, and all their families.
with records as (
    select session_id, message_id, parent_id from messages
    union all select session_id, message_id, parent_id from links
),
own as (select * from records where session_id in (select session_id from touched)),
named as (
    select message_id as id from own
    union select parent_id from own where parent_id is not null
    union select key from facts where kind = 'summary' and session_id in (select session_id from touched)
),
-- Folders of theirs where a log names no sessions: a prompt there may be of any session of the folder.
folders as (
    select value from facts where kind = 'cwd' and session_id in (select session_id from touched)
    intersect
    select value from facts where kind = 'cwd' and session_id like 'log:%'
),
near as (
    select session_id from touched
    union select session_id from records where message_id in (select id from named)
    union select session_id from records where parent_id in (select message_id from own)
    union select session_id from facts
    where kind = 'cwd' and value in (select value from folders)
    union select value from facts
    where kind in ('continued_in', 'forked_from') and session_id in (select session_id from touched)
    union select session_id from facts
    where kind in ('continued_in', 'forked_from') and value in (select session_id from touched)
)
select session_id from near
union
select session_id from sessions
where family_id in (select family_id from sessions where session_id in (select session_id from near))
