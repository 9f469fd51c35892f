-- Which captures a run learned from: the way on from a run to the bytes behind its prompts.

create table run_captures (              -- what a run learned from, besides a dataset
    run_id varchar not null,
    capture_id varchar not null
);
