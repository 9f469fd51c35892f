select ordinal, role, author, kind, sent_at, on_path, text
from v_messages where exchange_id = $exchange_id order by ordinal, message_id
