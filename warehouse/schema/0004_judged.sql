-- What rules said of which exchange or message.

create table clusters (
    exchange_id varchar not null,
    cluster_id varchar not null,         -- the representative's exchange_id
    method varchar not null,             -- exact | normalised | near
    representative boolean not null
);

create table rules (
    rule_set varchar not null,           -- hash of the set's canonical form
    rule_id varchar not null,
    position integer not null,
    lanes varchar[] not null,
    applies_to varchar not null,         -- exchange | message
    action varchar not null,
    priority integer not null,
    why varchar not null,
    expression varchar not null          -- canonical
);

create table rule_runs (
    rule_set varchar not null,
    run_at timestamp not null,
    exchanges bigint not null,
    messages bigint not null,
    seconds double not null
);

-- One row an exchange or message that any rule hit: bit i of mask word w is rule position 64 w + i.
create table decisions (
    rule_set varchar not null,
    exchange_id varchar not null,
    message_id varchar,
    mask ubigint[] not null
);
