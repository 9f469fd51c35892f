-- User records that repeat what the agent asked to be told at a time: a schedule sent them.
select m.file_id, m.record_ordinal
from messages m
join facts f on f.session_id = m.session_id and f.file_id = m.file_id and f.kind = 'scheduled'
    and f.record_ordinal < m.record_ordinal and f.value = md5(trim(m.text, e' \n\t\r'))
where m.session_id in (select session_id from touched)
    and m.kind in ('prompt', 'command', 'expansion', 'steering')
