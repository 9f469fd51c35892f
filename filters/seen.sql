-- Every exchange with all that a rule may read of it, as one number.
create or replace temp table seen as
select exchange_id, hash(
    fingerprint, copies, better_source, mirrors, near_copies, similarity, template_copies,
    previous_author, previous_kind, previous_words,
    previous_interrupted, seconds_since_previous, next_author, next_kind, next_words,
    seconds_until_next) as fingerprint
from features;
