-- Of a prompt alone a few hashes are kept too: answers that are alike are no copies for themselves.
-- Sketches are made from texts, so they are made anew.
drop table sketches;
create table sketches (
    id ubigint primary key,              -- the normalised hash
    version varchar not null,            -- hash of the settings that it was made under
    letters bigint not null,             -- of prompt and answer
    opening bigint not null,             -- letters of the prompt
    sketch bigint[] not null,            -- smallest shingle hashes of prompt and answer
    opening_sketch bigint[] not null,    -- smallest shingle hashes of the prompt
    anchors bigint[] not null            -- what its prompt may share with others of a template
);
delete from near_pairs;
delete from clustered;
