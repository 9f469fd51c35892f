-- What was found out about logged prompts of the sessions in `touched`.
delete from aliases where message_id in (
    select message_id from logged_prompts where session_id in (select session_id from touched));
delete from ambiguous_prompts where session_id in (select session_id from touched);
