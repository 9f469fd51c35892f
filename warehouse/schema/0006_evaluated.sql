-- What evaluations said of runs: gates with their verdicts, and every look at a test split.

alter table metrics add column pack varchar;  -- the prompt pack it was measured on

create table test_openings (
    run_id varchar not null,
    stage integer not null,
    pack varchar not null,               -- the pack's name
    pack_digest varchar not null,
    gates_digest varchar not null,       -- of the gates' text, fixed before anything was read
    opened_at timestamp not null
);

create table gates (
    run_id varchar not null,
    stage integer not null,
    position integer not null,           -- place in the gates' file
    name varchar not null,
    rule varchar not null,               -- what passes, in words
    threshold double not null,
    value double,
    low double,                          -- 95 % interval
    high double,
    n bigint not null,
    verdict varchar not null,            -- passed | failed | too_few
    pack varchar not null,
    pack_digest varchar not null,
    gates_digest varchar not null,
    decided_at timestamp not null
);
