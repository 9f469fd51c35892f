-- The normal layer: a pure function of the raw layer under a parser generation. Times are UTC.
-- Every text stands here once: views join rather than copy.

-- Written as it is read and never updated: (file_id, record_ordinal) leads to the bytes. A record of
-- a transcript is one message; one of a prompt log may hold an answer too. Which of several copies of a message counts is said by placements.
create table messages (
    file_id varchar not null,
    record_ordinal integer not null,
    message_id varchar not null,         -- the source's uuid, else a content hash
    session_id varchar not null,
    agent_id varchar,                    -- of a subagent's thread; null: the main thread
    parent_id varchar,                   -- message or other record before it
    api_id varchar,                      -- one API message stands on several records
    role varchar not null,               -- user | assistant | system
    author varchar not null,             -- person | agent | command | harness | tool
    kind varchar not null,               -- prompt, answer, tool_result, or the kind of noise
    model varchar,
    sent_at timestamp,
    text varchar using compression zstd  -- the words, text blocks joined by a blank line; null: none
);

create table blocks (
    file_id varchar not null,
    record_ordinal integer not null,
    ordinal integer not null,
    type varchar not null,               -- text | thinking | tool_use | tool_result | image | ...
    text_start integer, text_length integer,  -- where a text block stands in messages.text, in characters
    text varchar using compression zstd, -- of thinking
    tool_call_id varchar,                -- of tool_use and tool_result
    payload blob                         -- sha256 of an inline image or file
);

create table tool_uses (
    file_id varchar not null,
    record_ordinal integer not null,
    tool_call_id varchar not null,
    message_id varchar not null,
    tool varchar not null,               -- the common name
    original_name varchar not null,
    input varchar using compression zstd,    -- JSON
    called_at timestamp
);

create table tool_results (
    file_id varchar not null,
    record_ordinal integer not null,
    tool_call_id varchar not null,
    message_id varchar not null,
    output varchar using compression zstd,   -- text
    ok boolean,
    explicit_error boolean,              -- the source said so, rather than we read it in the text
    rejected boolean,                    -- by the person
    exit_code integer,
    duration_ms bigint,
    returned_at timestamp,
    output_file varchar                  -- name of the file beside the transcript that holds all of it
);

-- Tool output that lies beside a transcript: a row a record, joined in order by v_tool_calls.
create table tool_outputs (
    file_id varchar not null,
    record_ordinal integer not null,
    session_id varchar not null,
    name varchar not null,               -- of the file; without its ending the tool call's id
    text varchar not null using compression zstd
);

-- Records that are no messages but stand in the forest: chains of parents run through them.
create table links (
    file_id varchar not null,
    record_ordinal integer not null,
    message_id varchar not null,         -- the record's uuid
    session_id varchar not null,
    agent_id varchar,
    parent_id varchar
);

-- What records say about sessions and threads rather than in them.
create table facts (
    file_id varchar not null,
    record_ordinal integer not null,
    session_id varchar not null,
    kind varchar not null,               -- cwd, git_branch, version, title, summary, continued_in, ...
    key varchar not null,                -- what it speaks of: '' the session, else a record or an agent
    value varchar not null
);

create table usage_lines (
    file_id varchar not null,
    record_ordinal integer not null,
    call_id varchar not null,            -- holds the provider's message id and request id
    session_id varchar not null,
    model varchar,
    called_at timestamp,
    input_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint,
    output_tokens bigint, reasoning_tokens bigint
);

-- From here on: across records, derived anew for every session family that an ingest touched.
create table sessions (
    session_id varchar not null,
    agent varchar not null,
    source varchar not null,
    family_id varchar not null,          -- one for a session, its forks, resumes and subagents
    parent_session_id varchar,           -- forked or resumed from
    project varchar,                     -- last part of the first cwd
    cwd varchar,
    git_branch varchar,
    client_version varchar,
    title varchar,
    started_at timestamp,
    ended_at timestamp
);

create table placements (
    file_id varchar not null,            -- the record that counts for this message
    record_ordinal integer not null,
    message_id varchar not null,
    session_id varchar not null,
    exchange_id varchar,
    ordinal integer not null,            -- in the exchange; 0 is the opener
    on_path boolean not null,            -- false: hangs on an answer that was given again
    author varchar,                      -- where other records say better who wrote it; null: as it is
    kind varchar
);

create table exchanges (
    exchange_id varchar not null,
    session_id varchar not null,
    agent_id varchar,                    -- of the thread
    source varchar not null,
    opener_id varchar not null,          -- the message that opened it
    parent_exchange_id varchar,          -- the one it continues, along the forest of messages
    caller_id varchar,                   -- the tool call that started a subagent's exchange
    ordinal integer not null,            -- in its session
    author varchar not null,             -- person | agent | command | harness
    kind varchar not null,               -- prompt, command, task, tick, warmup, notice, ...
    asked_at timestamp,
    answered_at timestamp,               -- of its last message
    interrupted boolean not null,
    on_path boolean not null default true,   -- false: a rewind left it aside
    messages integer not null default 1,     -- on the exchange's path
    tool_calls integer not null default 0,
    tool_errors integer not null default 0,
    edits integer not null default 0,
    api_errors integer not null default 0,
    sightings integer not null default 1,    -- files that hold its opener
    complexity double,                   -- as a prompt log scored it
    logged_tokens bigint                 -- as a prompt log counted them
);

create table tool_calls (                -- a call in its exchange, and the record of its result
    tool_call_id varchar not null,
    exchange_id varchar not null,
    file_id varchar not null,
    record_ordinal integer not null,
    message_ordinal integer not null,
    on_path boolean not null,
    result_file_id varchar,              -- null: no result was ever written
    result_record_ordinal integer,
    output_file_id varchar,              -- of tool_outputs, where all of the output lies beside
    output_record_ordinal integer
);

create table exchange_sources (
    exchange_id varchar not null,
    source varchar not null,
    session_id varchar not null,
    file_id varchar not null,
    record_ordinal integer not null,     -- the opener's record in that sighting
    asked_at timestamp,                  -- as that source says, like all that follows
    complexity double, tokens bigint, tool_calls bigint, tool_errors bigint, edits bigint
);
