-- What each labeler has not seen as it is now: new exchanges, changed inputs, a new version.
create or replace temp table due as
select a.labeler, a.version, i.exchange_id, i.input_hash
from asked a join inputs i using (reads)
anti join votes v on v.labeler = a.labeler and v.version = a.version
                 and v.exchange_id = i.exchange_id and v.input_hash = i.input_hash;
