-- rows and exchanges of each dataset built, by split; context: those that stand there as context
select build_id, lane, split, count(distinct row) as rows,
       count(distinct exchange_id) filter (supervised) as exchanges,
       count(*) filter (not supervised) as context, count(distinct session_id) as sessions
from v_lane_rows group by all
order by build_id, list_position(['train', 'heads', 'valid', 'calib', 'test'], any_value(split))
