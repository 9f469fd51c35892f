-- Every dataset ever built, and a row for each of its members.

create table splits (
    family_id varchar primary key,       -- of a session with its forks, resumes and subagents
    split varchar not null,              -- train | heads | valid | calib | test; sticky
    reason varchar not null,             -- hash | mirror (of a family decided before) | time
    decided_at timestamp not null
);

create table lane_builds (
    build_id varchar primary key,        -- of its content: the same build has the same id anywhere
    lane varchar not null,
    path varchar not null,               -- where it was written last
    built_at timestamp not null,
    rule_set varchar not null,
    parameters varchar not null,         -- JSON
    content_sha256 varchar not null,     -- of the data files' names and hashes, in order
    rows bigint not null
);

create table lane_rows (
    build_id varchar not null,
    lane varchar not null,
    split varchar not null,
    row integer not null,                -- 0, 1, ... in its split's files
    turn integer not null,               -- 0, 1, ...: which exchange of the row
    exchange_id varchar not null,
    session_id varchar not null,
    weight double not null,              -- 0: it stands there as context and earns no loss
    supervised boolean not null
);
