-- What was trained on what, and what was measured.

create table runs (
    run_id varchar primary key,
    stage integer not null,
    model varchar not null,              -- as it was named
    model_digest varchar not null,       -- of its files
    adapter varchar,                     -- folder of the best adapter
    base_run_id varchar,                 -- the run it continues from
    build_id varchar,                    -- the dataset
    state varchar not null,              -- running | finished | early | stopped | failed | interrupted
    reason varchar,
    started_at timestamp not null,
    seconds double,                      -- spent in steps
    path varchar not null
);

create table metrics (
    run_id varchar not null,
    stage integer not null,
    name varchar not null,
    split varchar not null,
    value double,
    low double,                          -- 95 % interval
    high double,
    n bigint,                            -- units measured: prompts, or tokens of a loss
    step integer,
    own boolean not null default false   -- written by the training loop; else by an evaluation
);
