select g.run_id, g.stage, g.name, g.rule, g.threshold, g.value, g.low, g.high, g.n, g.verdict,
       g.pack, r.model
from v_gates g left join v_runs r using (run_id)
order by g.stage, g.run_id, g.pack, g.name
