-- The newest build of each lane, by split: rows, exchanges and sessions that rows are there for, how
-- often one stands as context, and the weight that is trained.
with newest as (
    select lane, arg_max(build_id, (built_at, build_id)) as build_id from lane_builds group by all)
select n.lane, n.build_id, r.split, count(distinct r.row) as rows,
       count(distinct r.exchange_id) filter (r.supervised) as exchanges,
       count(*) filter (not r.supervised) as context,
       count(distinct r.session_id) filter (r.supervised) as sessions,
       sum(r.weight) as weight
from newest n join v_lane_rows r using (build_id)
group by all
order by n.lane, list_position(['train', 'heads', 'valid', 'calib', 'test'], any_value(r.split))
