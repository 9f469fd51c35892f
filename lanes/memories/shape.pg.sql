-- The columns of a table, and which of them hold vectors that come in pgvector's binary form.
select a.attname, t.typname = 'vector' and t.typsend::text like '%vector_send'
from pg_attribute a join pg_type t on t.oid = a.atttypid
where a.attrelid = to_regclass({}) and a.attnum > 0 and not a.attisdropped
order by a.attnum
