-- What an oracle makes of captured facts under some thresholds, and where a prompt comes from.

-- Every prompt of a capture: its rows of a shard, and the exchange that it is a part of.
create table capture_prompts (
    capture_id varchar not null,
    prompt_id varchar not null,
    split varchar not null,
    shard varchar not null,              -- file name
    first_row bigint not null,           -- of the shard: step 0 of the continuation
    rows bigint not null,                -- tokens of the continuation
    exchange_id varchar                  -- null: nobody ever asked it (a pack of our own writing)
);

-- A row a position, candidate layer and state there (the real one, or a damaged copy).
create table route_labels (
    label_version varchar not null,      -- hash of the thresholds and of the SQL that reads them
    capture_id varchar not null,
    prompt_id varchar not null,
    split varchar not null,
    step integer not null,
    layer integer not null,
    planted varchar,                     -- how the state was damaged; null: it is real
    earliest integer not null,           -- layers to run until all candidates are acceptable
    first integer not null,              -- ... until one is; both are n_layers where none is
    flips integer not null,              -- candidates that were acceptable while the next was not
    route varchar not null,              -- accept_local | continue_local | revive_local | escalate
    confidence double not null,          -- 0 to 1: how far the label is from being another
    vitality varchar not null,           -- alive | weak | dead | revive_needed
    vitality_score double not null       -- 0 to 1: 1 is the middle of its layer's training side
);

-- Which projection's confidence stands in trace_layers.semantic; none: nothing has looked.
create table semantic_marks (
    capture_id varchar primary key,
    run_id varchar not null,             -- a run of stage 4
    weights_sha256 varchar not null      -- of the projection
);
