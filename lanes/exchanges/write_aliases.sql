insert into aliases by name select message_id, same_as, keeps_answer from new_aliases
