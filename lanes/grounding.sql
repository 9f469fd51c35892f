-- The memories of each exchange that its split may see: what a session of another split said, or was
-- told, stays there.
create or replace temp table homes as
select r.memory_id, p.split
from remembered r join sessions s on s.session_id = r.conversation_id
join splits p using (family_id)
union
select r.memory_id, p.split
from remembered r
join (
    select session_id,
           md5(nfc_normalize(trim(regexp_replace(text, '[\s\x{A0}]+', ' ', 'g')))) as key
    from v_messages where text <> '') m using (key)
join sessions s on s.session_id = m.session_id
join splits p using (family_id);

select l.exchange_id, l.memory_id, l.created_at, l.phase, l.text
from linked l join lane_plan p using (exchange_id)
anti join homes h on h.memory_id = l.memory_id and h.split <> p.split
order by l.exchange_id, l.created_at, l.memory_id
