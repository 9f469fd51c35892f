-- DuckDB handles 2,048 values at once, so what an ingest needs grows with the size of a value: the
-- bytes of payloads stand in pieces from here on. An older payload stays whole where it is.
alter table payloads alter column bytes drop not null;

create table payload_pieces (
    sha256 blob not null,                -- the payload's
    piece integer not null,              -- 0, 1, ...
    bytes blob not null using compression zstd
);

-- What a tool was given or gave back, where it is longer than 64 K characters: its row holds null.
create table long_texts (
    file_id varchar not null,
    record_ordinal integer not null,
    tool_call_id varchar not null,
    part varchar not null,               -- input | output
    piece integer not null,              -- 0, 1, ...
    text varchar not null using compression zstd
);
