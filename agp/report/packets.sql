-- What was measured of a generation that goes on in another process.
select run_id, name, split, pack, value, low, high, n
from v_metrics where stage = 5 and pack is not null order by run_id, pack, split, name
