-- The raw layer: the bytes as they came. Nothing here is changed or deleted once it is written,
-- except the state of a file, and a last line that was read before it had its end.

create table sources (
    source varchar primary key,          -- claude, codex, verbose, prompts, supabase
    agent varchar not null,              -- whose words they are: claude, codex, ...
    priority integer not null,           -- the higher source decides an exchange's text
    description varchar not null
);
insert into sources values
    ('claude', 'claude', 100, 'Claude Code transcripts, subagents and tool output beside them'),
    ('codex', 'codex', 100, 'Codex rollouts, plain or packed'),
    ('verbose', 'claude', 80, 'the Prompt Logger''s verbose-all.jsonl: prompts, turns, tools and scores'),
    ('prompts', 'claude', 60, 'the Prompt Logger''s prompts-all.jsonl: prompts and answers'),
    ('codex_history', 'codex', 50, 'prompts typed into Codex (history.jsonl); no answers'),
    ('claude_history', 'claude', 40, 'prompts typed into Claude Code (history.jsonl); no answers');

create table ingests (
    ingest_id bigint primary key,        -- 1, 2, 3, ...
    started_at timestamp not null,       -- UTC
    finished_at timestamp,               -- null: it was killed; the next run finishes its work
    generation integer not null,         -- of the parser
    files_read bigint, records bigint, bytes bigint, quarantined bigint  -- new in this ingest
);

create table files (
    file_id varchar not null,            -- 16 hex digits of blake2b(source, path, version)
    source varchar not null,
    path varchar not null,
    kind varchar not null,               -- transcript | subagent | tool_output | metadata | log
    session_id varchar,                  -- as its place says; null: only the records know
    version integer not null,            -- 1, 2, ...: a rewritten file is a new version
    bytes bigint not null,               -- how many of its bytes are in raw_records
    records bigint not null,
    quarantined bigint not null,
    open_from bigint,                    -- offset of a last line that was read without a line end
    prefix_sha256 blob not null,         -- of those bytes
    size bigint not null,                -- as last seen by stat; above `bytes` while a last line grows
    mtime_ns bigint not null,
    state varchar not null,              -- present | gone | rewritten
    first_seen timestamp not null,
    last_read timestamp not null,
    gone_at timestamp,
    ingest_id bigint not null,           -- the last one that read records from it
    read_from bigint not null default 0  -- the first record read since the last finished ingest
);

create table raw_records (
    file_id varchar not null,
    ordinal integer not null,            -- 0, 1, ... in the file
    byte_offset bigint not null,
    byte_length bigint not null,         -- line end included: lengths add up to the file
    sha256 blob not null,                -- of the record's own bytes
    segment bigint not null,             -- where its bytes are, ...
    stored_offset bigint not null,       -- from here in the unpacked segment, ...
    stored_length bigint not null,       -- so many; fewer than byte_length if has_payload
    has_payload boolean not null,        -- 0xFF, 'b' or 'v' and a sha-256 stand where a payload was
    type varchar,                        -- as the record calls itself; null: it does not say
    reason varchar,                      -- why it could not be read (the quarantine); null: it was
    excerpt blob                         -- of a quarantined record: how its bytes begin
);

-- The bytes of neighbouring records, some 128 KB together, as a zstd frame (level 1): packed
-- by the parsing process, so that the warehouse does not pack them again.
create table segments (
    segment bigint not null,             -- 0, 1, ...
    unpacked_length bigint not null,
    bytes blob not null using compression uncompressed
);

create table payloads (
    sha256 blob not null,                -- of the bytes here; a run of base64 is kept decoded
    byte_length bigint not null,
    bytes blob not null using compression zstd
);
