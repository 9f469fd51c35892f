insert into payloads by name
select * from new_rows where sha256 not in (select sha256 from payloads)
