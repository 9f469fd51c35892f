-- What rules said of which exchange or message.

-- What rules read, computed once per exchange; made anew where its fingerprint changed.
create table features (
    exchange_id varchar primary key,
    fingerprint ubigint not null,        -- of all that the exchange is made of
    author varchar, kind varchar, agent varchar, source varchar, source_priority integer,
    project varchar, asked_at timestamp, seconds double, ordinal integer, is_subagent boolean,
    interrupted boolean, sightings bigint, messages bigint, notices bigint, api_errors bigint,
    tool_calls bigint, tool_errors bigint, tool_rejections bigint, edits bigint, orchestration_calls bigint,
    tools varchar[], complexity double, logged_tokens bigint,
    prompt_chars bigint, prompt_words bigint, prompt_lines bigint, prompt_letters double,
    answer_chars bigint, answer_words bigint, answer_has_code boolean,
    exact_hash ubigint,                  -- of prompt and answer; null: no words to compare
    normalised_hash ubigint,             -- the same without case, spaces and punctuation
    copies bigint,                       -- exchanges with the same words, this one included
    better_source boolean,               -- one of them comes from a higher source
    mirrors varchar                      -- exact | normalised | near: a better copy exists
);

create table clusters (
    exchange_id varchar not null,
    cluster_id varchar not null,         -- the representative's exchange_id
    method varchar not null,             -- exact | normalised | near
    representative boolean not null
);

create table rules (
    rule_set varchar not null,           -- hash of the set's canonical form
    rule_id varchar not null,
    position integer not null,           -- its bit among the rules on exchanges, or on messages
    lanes varchar[] not null,
    applies_to varchar not null,         -- exchange | message
    action varchar not null,
    weight double,
    span varchar,
    priority integer not null,
    why varchar not null,
    expression varchar not null,         -- canonical, other rules folded in
    columns varchar[] not null           -- that it reads
);

create table rule_runs (
    rule_set varchar not null,
    run_at timestamp not null,
    exchanges bigint not null,           -- evaluated in this run
    messages bigint not null,
    seconds double not null
);

-- One row an exchange that was evaluated, and one a message that any rule hit:
-- bit i of mask word w is rule position 64 w + i.
create table decisions (
    rule_set varchar not null,
    exchange_id varchar not null,
    message_id varchar,                  -- null: this is the exchange itself
    fingerprint ubigint,                 -- of the exchange when it was evaluated
    mask ubigint[] not null
);
