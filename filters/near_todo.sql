-- What was made under other settings, or of texts that are gone, is forgotten; `unsketched` are the
-- texts that were not compared yet, each with an exchange that says it.
delete from sketches where version <> $version
    or id not in (select normalised_hash from features where normalised_hash is not null);
delete from near_pairs
where one not in (select id from sketches) or other not in (select id from sketches);
create or replace temp table unsketched as
select normalised_hash as id, min(exchange_id) as exchange_id,
       row_number() over (order by id) as row_number
from features anti join sketches on sketches.id = normalised_hash
where normalised_hash is not null
group by normalised_hash;
