select run_id, stage, model, state, reason, base_run_id, build_id, started_at, seconds, path
from v_runs order by started_at desc, run_id
