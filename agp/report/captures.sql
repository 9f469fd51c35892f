select capture_id, model, adapter_run_id, pack, prompts, rows, captured_at, path
from captures order by captured_at desc, capture_id
