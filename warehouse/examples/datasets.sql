-- rows and exchanges of each dataset built, by split
select build_id, lane, split, count(distinct row) as rows, count(*) as exchanges,
       count(distinct session_id) as sessions
from v_lane_rows group by all order by build_id, lane, split
