select m.kind, count(*)
from placements p join messages m using (file_id, record_ordinal, message_id)
where m.author = 'harness'
group by all order by 2 desc, 1
