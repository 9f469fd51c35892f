-- Near copies and templates: what texts are compared by, which are alike, and who stands where.

alter table clusters add column similarity double;  -- to the nearest of its cluster; null: not near

-- A row for each different text (prompt and answer, by normalised_hash of the features).
create table sketches (
    id ubigint primary key,              -- the normalised hash
    version varchar not null,            -- hash of the settings that it was made under
    letters bigint not null,
    opening bigint not null,             -- letters of the prompt
    sketch bigint[] not null,            -- its smallest shingle hashes
    anchors bigint[] not null            -- what its prompt may share with others of a template
);

-- Verified pairs; every text in `sketches` was compared with every other one in it.
create table near_pairs (
    one ubigint not null,
    other ubigint not null,
    similarity double not null           -- Jaccard similarity of their shingles
);

create table templates (
    exchange_id varchar not null,
    template_id varchar not null,        -- of the words that its members share
    members bigint not null              -- exchanges of the template
);

alter table features add column near_copies bigint default 1;
alter table features add column is_near_copy boolean default false;
alter table features add column similarity double;
alter table features add column template_copies bigint default 1;

-- What clusters and templates were last made of: the same again makes the same.
create table clustered (digest ubigint not null);
