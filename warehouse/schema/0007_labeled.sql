-- What weak labelers said of which exchange, and what was made of it.

create table labelers (
    labeler varchar primary key,         -- a labeling function's id
    version varchar not null,            -- hash of all that decides its votes
    labels varchar[] not null,           -- that it may vote
    kind varchar not null,               -- lexicon | regex | sql | python
    reads varchar[] not null,            -- columns
    why varchar not null,
    problem varchar                      -- why its last run failed; null: it ran
);

-- One row a labeler and exchange that it looked at, abstentions too: they need no second look.
create table votes (
    labeler varchar not null,
    version varchar not null,
    exchange_id varchar not null,
    input_hash ubigint not null,         -- of what it read
    label varchar,                       -- null: it abstained
    holds boolean,                       -- whether the label holds, as it says
    confidence double                    -- 0 to 1, as its author thinks
);

create table labels (
    exchange_id varchar not null,
    label varchar not null,
    probability double not null,
    source varchar not null              -- majority | dawid-skene | review
);

create table label_runs (                -- what the labels rest on, so that they are made once
    digest varchar not null,             -- of all votes and reviews
    choice varchar not null              -- the model, its calibration and how it did, JSON
);

-- Verdicts of people: the gold that everything else is measured on.
create table reviews (
    exchange_id varchar not null,
    label varchar not null,
    holds boolean not null,
    reviewer varchar not null,           -- person | shipped (the development set)
    reviewed_at timestamp not null,
    primary key (exchange_id, label)
);

-- An exchange among those before it in its thread and project, measured on text vectors.
create table turns (
    exchange_id varchar primary key,
    project_hash ubigint not null,       -- of the project's exchanges when it was measured
    similar_previous double, similar_second double, similar_session double, similar_history double,
    history_days double, novelty double, drift double, topic_run integer, switches integer,
    spread double, spread_change double, other_projects integer
);

-- How an exchange went, from its tool calls and words; made anew where its fingerprint changed.
create table process (
    exchange_id varchar primary key,
    fingerprint ubigint not null,        -- of features, when it was made
    calls bigint, succeeded bigint, failed bigint, failed_inferred bigint, rejected bigint,
    unanswered bigint, shell bigint, reads bigint, searches bigint, edits bigint, web bigint,
    edited_files bigint, most_edits_of_a_file bigint, retries bigint, repeats bigint,
    recoveries bigint, reverts bigint, checks bigint, failed_checks bigint, last_call_ok boolean,
    answer_messages bigint, tool_rounds bigint, steered bigint, interrupted boolean,
    hedges bigint, assurances bigint, corrects boolean,
    outcome varchar not null             -- unanswered | interrupted | failed | checked | done
);

-- Letters of each script among the first 2,000 characters of what was asked.
create table scripts (
    exchange_id varchar primary key,
    fingerprint ubigint not null,        -- of features, when they were counted
    latin bigint, nko bigint, arabic bigint, other bigint,
    script varchar not null,             -- latin | nko | arabic | other | mixed | none
    right_to_left boolean not null       -- its first letter is of a script that runs so
);

create table bundles (
    bundle_id varchar primary key,       -- of its word, or as kernel/bundles.toml names it
    origin varchar not null,             -- found in the history | kernel
    name varchar not null,
    words varchar[] not null,
    primitives varchar[] not null,
    exchanges bigint not null,
    sessions bigint not null
);
create table bundle_members (
    exchange_id varchar not null,
    bundle_id varchar not null,
    strength double not null             -- mean probability of the bundle's primitives here
);
create table neighbours (
    exchange_id varchar not null,
    neighbour_id varchar not null,       -- shares a bundle with it
    rank integer not null,               -- 1 is the nearest
    similarity double not null           -- cosine of text vectors
);
