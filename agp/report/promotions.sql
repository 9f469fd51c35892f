select promotion_id, run_id, stage, decision, decided_at, reason, model
from v_promotions order by decided_at, promotion_id
