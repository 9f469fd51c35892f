-- Rows that the table has and the warehouse has not (or holds for gone), and the other way round.
select coalesce(s.row_key, k.row_key) as row_key, s.row_key is null as gone
from seen_keys s full join (select row_key from known where not deleted) k using (row_key)
where s.row_key is null or k.row_key is null
order by 1
