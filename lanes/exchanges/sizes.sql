-- How many records each session has in the forest.
select session_id, count(*) as records
from (select session_id from messages union all select session_id from links)
group by session_id
