-- What taking rules away did to a dataset and to a model trained on it.
create table ablations (
    ablation_id varchar primary key,
    rules varchar[] not null,            -- that were taken away
    lane varchar not null,
    model varchar not null,
    rows_with bigint not null,           -- of the train split, under the rules as they are
    rows_without bigint not null,
    tokens_with bigint not null,         -- learned by a run, repeats included
    tokens_without bigint not null,
    pack varchar not null,
    split varchar not null,
    seeds bigint not null,
    value double,                        -- with − without, nats a token: below 0, the rules help
    low double,
    high double,
    n bigint not null,                   -- prompts; 0: both datasets are the same
    verdict varchar not null,            -- helps | hurts | no difference seen | too few | same data
    made_at timestamp not null,
    path varchar not null                -- folder with ablation.json
);

-- What a rule set that is only compared with others said of each exchange.
create table trial_decisions (
    rule_set varchar not null,
    exchange_id varchar not null,
    fingerprint ubigint not null,        -- of the exchange when it was evaluated
    mask ubigint[] not null,
    tried_at timestamp not null
);

-- What the features were when copies and neighbours were last found: one row, or none.
create table prepared (state ubigint not null);
