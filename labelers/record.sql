-- The votes just cast, and an abstention for whatever else was due, take the place of older ones.
delete from votes where (labeler, exchange_id) in (
    select (labeler, exchange_id) from due where list_contains($names, labeler));
insert into votes
select d.labeler, d.version, d.exchange_id, d.input_hash, c.label, c.holds, c.confidence
from due d join todo t using (exchange_id)
left join cast_votes c on c.labeler = d.labeler and c.row_number = t.row_number
where list_contains($names, d.labeler);
