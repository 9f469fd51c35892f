-- Every dataset ever built, and a row for each of its members.

create table splits (
    family_id varchar primary key,       -- or a duplicate cluster's id
    split varchar not null,              -- train | heads | valid | calib | test; sticky
    decided_at timestamp not null
);

create table lane_builds (
    build_id varchar primary key,        -- content hash
    lane varchar not null,
    path varchar not null,
    built_at timestamp not null,
    rule_set varchar not null,
    parameters varchar not null,         -- JSON
    content_sha256 varchar not null,
    rows bigint not null
);

create table lane_rows (
    build_id varchar not null,
    lane varchar not null,
    split varchar not null,
    row integer not null,
    turn integer not null,
    exchange_id varchar not null,
    session_id varchar not null,
    weight double not null
);
