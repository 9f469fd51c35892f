-- Votes of functions that are gone, changed or failing, and on exchanges that are gone.
delete from votes
where not exists (
    from labelers l
    where l.labeler = votes.labeler and l.version = votes.version and l.problem is null)
   or exchange_id not in (select exchange_id from thread);
