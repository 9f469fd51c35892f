-- Where secrets stand in the history, and which of its strings were looked through for what.

create table findings (
    finding_id varchar primary key,      -- hash of place and kind
    kind varchar not null,
    field varchar not null,              -- message | tool input | tool output | memory | session | file
    id varchar not null,                 -- of the message, tool call, memory, session or file
    exchange_id varchar,
    session_id varchar,
    start_char bigint not null,          -- in characters of the field's text
    end_char bigint not null,
    detector varchar not null,
    detector_version varchar not null,
    digest blob not null,                -- of the secret, keyed with the salt of the home
    first_seen timestamp not null,
    last_seen timestamp not null
);

-- A string that was looked through; its findings, if any, stand above.
create table secret_scans (
    field varchar not null,
    id varchar not null,
    text_hash ubigint not null,          -- of the text as it was
    looked_for varchar not null          -- hash of detectors, kinds and a person's own words
);
