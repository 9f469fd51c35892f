-- The exchanges of a build, as memories are looked for.
create or replace temp table asked as
select e.exchange_id, e.session_id, e.asked_at, e.project, s.cwd, e.prompt
from lane_plan p
join v_exchanges e using (exchange_id)
left join v_sessions s on s.session_id = e.session_id
where p.reason is null and e.asked_at is not null
