-- Keep what a scan found in `scanned_strings` and `scanned_findings`, in place of what stood there.
-- $looked_for: hash of detectors, kinds and words; $seen: when.
create or replace temp table known as
select finding_id, first_seen from findings semi join scanned_strings using (field, id);
delete from findings where (field, id) in (select (field, id) from scanned_strings);
delete from secret_scans where (field, id) in (select (field, id) from scanned_strings);
insert into secret_scans select field, id, text_hash, $looked_for from scanned_strings;
insert into findings
select finding_id, kind, field, id, exchange_id, session_id, start_char, end_char, detector,
       detector_version, digest, coalesce(known.first_seen, $seen), $seen
from scanned_findings left join known using (finding_id);
drop table known;
