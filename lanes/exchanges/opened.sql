-- A log that holds a pasted text only by its number knows how the prompt began, and when: of one
-- prompt that fits, it is a sighting.
select l.message_id, o.message_id
from seen_prompts l
join seen_prompts o on not o.logged and trim(l.opening) <> '' and starts_with(o.text, l.opening)
    and case when l.loose then o.folder = l.folder else o.session_id = l.session_id end
    and abs(epoch(o.sent_at - l.sent_at)) <= 120
where l.logged and l.open_ended
group by l.message_id, o.message_id
qualify count(*) over (partition by l.message_id) = 1 and count(*) over (partition by o.message_id) = 1
