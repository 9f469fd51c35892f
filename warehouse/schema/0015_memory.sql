-- Memory tables of a Supabase project. A page of rows is a file, a row as it stood then a record; a
-- record of a row that is gone holds its key and nothing else.
insert into sources values
    ('supabase', 'claude', 20, 'memory tables of a Supabase project, or files of their rows');

-- Every version of every row that was seen, also of tables whose words stand elsewhere.
create table memory_versions (
    file_id varchar not null,
    record_ordinal integer not null,
    memory_id varchar not null,          -- 16 hex digits of blake2b(place, key)
    place varchar not null,              -- host and table; of a file its name without the ending
    row_key varchar not null,            -- JSON: the values of the key
    deleted boolean not null             -- the row was no longer there
);

create table memories (                  -- a version of a row of memory_turns
    file_id varchar not null,
    record_ordinal integer not null,
    memory_id varchar not null,
    conversation_id varchar,
    role varchar,
    text varchar using compression zstd,
    phase varchar, domain varchar, task_type varchar, project varchar, content_hash varchar,
    salience double, phase_confidence double,
    depth double, sibling_order double, homogeneity double, temporal double, complexity double,
    created_at timestamp, updated_at timestamp, deleted_at timestamp,
    embedding float[]
);

create table memory_edges (              -- a version of a row of memory_turn_edges
    file_id varchar not null,
    record_ordinal integer not null,
    memory_id varchar not null,
    parent_id varchar, child_id varchar, -- memory ids
    edge_type varchar,
    created_at timestamp, deleted_at timestamp
);

-- How far a table of a project has been read; written with the page that brought it there.
create table memory_watermarks (
    place varchar primary key,
    ordered_by varchar not null,         -- JSON: the columns
    reached varchar,                     -- JSON: their values in the last row; null: of no use
    pages bigint not null,
    read_at timestamp not null           -- UTC
);
