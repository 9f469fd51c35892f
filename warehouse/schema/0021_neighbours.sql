-- What stands before and after an exchange in its thread, as rules may read it.
alter table features add column previous_author varchar;
alter table features add column previous_kind varchar;
alter table features add column previous_words bigint;
alter table features add column previous_interrupted boolean;
alter table features add column seconds_since_previous double;
alter table features add column next_author varchar;
alter table features add column next_kind varchar;
alter table features add column next_words bigint;
alter table features add column seconds_until_next double;
