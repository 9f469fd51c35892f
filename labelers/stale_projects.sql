-- The exchanges of projects that have changed since they were measured, or never were.
create or replace temp table projects as
select coalesce(s.project, '') as project,
       hash($settings, (select list_sort(list(distinct project)) from sessions), bit_xor(hash(x.exchange_id, e.session_id, e.agent_id, e.ordinal, f.asked_at,
                                    coalesce(f.exact_hash, f.fingerprint)))) as project_hash
from thread x join exchanges e using (exchange_id) join sessions s using (session_id)
join features f using (exchange_id)
group by all;
create or replace temp table stale_turns as
select x.exchange_id, j.project, j.project_hash
from thread x join exchanges e using (exchange_id) join sessions s using (session_id)
join projects j on j.project = coalesce(s.project, '')
where j.project_hash in (
    select project_hash from projects
    anti join (select distinct project_hash from turns) using (project_hash));
