-- Verdicts of people on rules: the gold that a rule's precision and recall are measured on.
create table rule_reviews (
    rule_id varchar not null,
    exchange_id varchar not null,
    message_id varchar not null,         -- '': the exchange itself
    holds boolean not null,              -- the rule ought to hit this
    reviewed_at timestamp not null,
    primary key (rule_id, exchange_id, message_id)
);
