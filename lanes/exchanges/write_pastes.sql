update messages m set text = n.text from new_pastes n
where m.file_id = n.file_id and m.record_ordinal = n.record_ordinal and m.message_id = n.message_id;
update logged_prompts l set open_ended = false from new_pastes n
where l.file_id = n.file_id and l.record_ordinal = n.record_ordinal and l.message_id = n.message_id
