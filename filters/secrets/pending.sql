-- Strings of the history that were not yet looked through for this, as they stand now.
-- $looked_for: hash of detectors, kinds and words.
select s.*, md5_number_lower(s.text) as text_hash
from secret_strings s
where not exists (
    select 1 from secret_scans d
    where d.field = s.field and d.id = s.id and d.looked_for = $looked_for
      and d.text_hash = md5_number_lower(s.text)
)
