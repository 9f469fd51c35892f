-- Logs of prompts beside transcripts: what each saw of an exchange, and which exchange that is.

create table logged_prompts (
    file_id varchar not null,
    record_ordinal integer not null,
    message_id varchar not null,         -- its prompt in messages
    session_id varchar not null,         -- log:<project>:<day> where the log names none
    project varchar,                     -- the folder, where the log names it
    asked_at timestamp,
    answered boolean not null,           -- the log holds an answer too
    open_ended boolean not null,         -- a pasted text stands in it only by its number
    complexity double,                   -- as the log scored it
    tokens bigint,
    tool_calls bigint, tool_errors bigint, edits bigint  -- as the log counted them; null: it does not
);

-- From here on derived anew with the exchanges.
create table aliases (
    message_id varchar not null,         -- a logged prompt that is ...
    same_as varchar not null,            -- ... the prompt of a higher source
    keeps_answer boolean not null        -- no higher source holds an answer: the log's own stands
);

create table ambiguous_prompts (         -- logged prompts that may be another's, and stay apart
    message_id varchar not null,
    session_id varchar not null,
    reason varchar not null,
    candidates varchar[] not null        -- messages it might be
);
