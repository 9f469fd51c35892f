-- What instrumented forward passes saw. The states themselves lie in shards beside the warehouse.

create table captures (
    capture_id varchar primary key,      -- a hash of all that made it
    model varchar not null,
    model_digest varchar not null,
    adapter_run_id varchar,              -- null: the base model
    pack varchar not null,
    pack_digest varchar not null,
    layers integer[] not null,           -- boundaries: h before these layers
    n_layers integer not null,
    prompts bigint not null,
    rows bigint not null,                -- positions
    path varchar not null,
    captured_at timestamp not null
);

create table capture_shards (
    capture_id varchar not null,
    shard varchar not null,              -- file name
    rows bigint not null,
    sha256 varchar not null,
    planted boolean not null             -- its states are damaged copies
);

-- A row a position, candidate layer and lens. A position predicts token `step` of the continuation.
-- A fact is null where it is not finite. A damaged copy of a state has rows of its own (planted).
create table trace_layers (
    capture_id varchar not null,
    prompt_id varchar not null,
    split varchar not null,
    step integer not null,               -- 0, 1, ... in the continuation
    position integer not null,           -- in prompt and continuation
    token integer not null,              -- that full depth said
    layer integer not null,
    lens varchar not null,               -- logit | affine | full (the last layer itself)
    best integer not null,               -- the token that the lens names first
    agree boolean not null,              -- it is full depth's first
    stays boolean not null,              -- ... and so at every later candidate layer
    same_as_before boolean,              -- as at the candidate layer before
    kl float,                            -- KL(full || lens), nats
    entropy float,                       -- nats
    margin float,                        -- between the two largest logits
    max_prob float,
    cross_entropy float,                 -- -log p(token)
    kl_before float,                     -- KL(lens || the same lens at the candidate layer before)
    norm float,                          -- of the state, and so are those below
    kurtosis float,
    participation float,                 -- (sum x^2)^2 / (d sum x^4)
    massive float,                       -- largest magnitude / median magnitude
    cosine float,                        -- to the state at the candidate layer before
    semantic float,                      -- confidence of a semantic head; null: none has looked
    planted varchar                      -- how the state was damaged; null: it is real
);
