-- Every record of the sessions in `touched` that stands in the forest, without its words. A logged
-- prompt that is a sighting of another does not; its answer does where no higher source holds one.
with sightings as (
    select l.file_id, l.record_ordinal, l.message_id, a.same_as, a.keeps_answer
    from aliases a join logged_prompts l using (message_id)
    where l.session_id in (select session_id from touched)
)
select * from (
    select m.file_id, m.record_ordinal, m.message_id, coalesce(p.same_as, m.parent_id) as parent_id,
           m.session_id, m.agent_id, m.api_id, m.role, m.author, m.kind, m.sent_at,
           coalesce(f.kind = 'log', false) as logged
    from messages m
    left join files f on f.file_id = m.file_id
    left join sightings a on a.file_id = m.file_id and a.record_ordinal = m.record_ordinal
    left join sightings p on p.file_id = m.file_id and p.record_ordinal = m.record_ordinal
        and p.message_id = m.parent_id
    anti join superseded on superseded.file_id = m.file_id
        and superseded.record_ordinal = m.record_ordinal
    where m.session_id in (select session_id from touched)
      and (a.file_id is null or (a.keeps_answer and m.message_id <> a.message_id))
    union all
    select file_id, record_ordinal, message_id, parent_id, session_id, agent_id, null, 'none', 'none',
           'link', null, false
    from links where session_id in (select session_id from touched)
)
order by file_id, record_ordinal, role <> 'user', message_id
