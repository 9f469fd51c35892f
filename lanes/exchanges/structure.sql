-- Every record of the sessions in `touched` that stands in the forest, without its words.
select * from (
    select file_id, record_ordinal, message_id, parent_id, session_id, agent_id, api_id, role, author,
           kind, sent_at
    from messages where session_id in (select session_id from touched)
    union all
    select file_id, record_ordinal, message_id, parent_id, session_id, agent_id, null, 'none', 'none',
           'link', null
    from links where session_id in (select session_id from touched)
)
order by file_id, record_ordinal
