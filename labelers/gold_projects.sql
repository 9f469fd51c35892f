-- The judged exchanges, and all exchanges of their projects.
create or replace temp table todo as
select row_number() over (order by exchange_id) as row_number, exchange_id
from (select distinct exchange_id from reviews semi join thread using (exchange_id));
create or replace temp table stale_turns as
select x.exchange_id, coalesce(s.project, '') as project
from thread x join exchanges e using (exchange_id) join sessions s using (session_id)
where coalesce(s.project, '') in (
    select coalesce(s.project, '') from todo join exchanges e using (exchange_id)
    join sessions s using (session_id));
