-- The last ingest, and whether any was cut short.
select max(finished_at) as last_finished, count(*) filter (finished_at is null) as unfinished,
       arg_max(generation, ingest_id) as parser_generation
from ingests
