-- Decisions over runs, each with its evidence: kept whether it is to promote, to hold or to reject.

create table promotions (
    promotion_id varchar primary key,    -- a hash of the evidence: the same evidence decides once
    run_id varchar not null,
    stage integer not null,
    decision varchar not null,           -- promote | hold | reject
    reason varchar not null,
    model varchar not null,
    build_id varchar,                    -- the dataset that the run was trained on
    artifact_sha256 varchar not null,    -- of the checkpoint that was measured
    record varchar not null,             -- the whole record, JSON
    path varchar not null,               -- folder with record.json and record.md
    decided_at timestamp not null
);
