-- The normal layer: a pure function of the raw layer under a parser generation. Times are UTC.
-- Every text stands here once: views join rather than copy.

create table sessions (
    session_id varchar primary key,
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

create table messages (
    message_id varchar not null,         -- the source's uuid, else a content hash
    file_id varchar not null,            -- with record_ordinal: the raw record
    record_ordinal integer not null,
    session_id varchar not null,
    agent_id varchar,                    -- of a subagent's thread; null: the main thread
    parent_id varchar,                   -- message or other record before it
    api_id varchar,                      -- one API message stands on several records
    role varchar not null,               -- user | assistant | system
    author varchar,                      -- person | agent | command | harness | tool
    kind varchar not null,               -- prompt, answer, tool_result, or the kind of noise
    model varchar,
    sent_at timestamp,
    text varchar using compression zstd, -- the words, blocks joined by a blank line; null: none
    canonical boolean not null           -- false: another record holds the same message
);

create table blocks (
    file_id varchar not null,
    record_ordinal integer not null,
    message_id varchar not null,
    ordinal integer not null,
    type varchar not null,               -- text | thinking | tool_use | tool_result | image | document | ...
    text_start integer, text_length integer,  -- where a text block stands in messages.text, in characters
    text varchar using compression zstd, -- of thinking
    tool_call_id varchar,                -- of tool_use and tool_result
    payload blob                         -- sha256 of an inline image or file
);

create table tool_calls (
    tool_call_id varchar not null,
    message_id varchar not null,         -- that asked for it
    result_message_id varchar,           -- that answered
    tool varchar not null,               -- the common name
    original_name varchar not null,
    input varchar using compression zstd,    -- JSON
    output varchar using compression zstd,   -- text
    ok boolean,                          -- null: no result is known
    explicit_error boolean,              -- the source said so, rather than we read it in the text
    rejected boolean,                    -- by the person
    exit_code integer,
    duration_ms bigint,
    called_at timestamp
);

create table api_calls (
    call_id varchar not null,            -- holds the provider's message id and request id
    session_id varchar not null,
    agent varchar not null,
    model varchar,
    called_at timestamp,
    input_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint,
    output_tokens bigint, reasoning_tokens bigint
);

create table exchanges (
    exchange_id varchar primary key,
    session_id varchar not null,
    agent_id varchar,                    -- of the thread
    source varchar not null,
    opener_id varchar not null,          -- the message that opened it
    parent_exchange_id varchar,          -- the one it continues, along the forest of messages
    caller_id varchar,                   -- the tool call that started a subagent's exchange
    ordinal integer not null,            -- in its session
    author varchar not null,
    kind varchar not null,               -- prompt, command, task, tick, warmup, notice, ...
    asked_at timestamp,
    answered_at timestamp,               -- of its last message
    interrupted boolean not null
);

create table exchange_messages (
    exchange_id varchar not null,
    message_id varchar not null,
    ordinal integer not null,            -- 0 is the opener
    on_path boolean not null             -- false: on a branch that a fork or a rewind left aside
);

create table exchange_sources (
    exchange_id varchar not null,
    source varchar not null,
    session_id varchar not null,
    file_id varchar not null,
    record_ordinal integer not null      -- the opener's record in that sighting
);
