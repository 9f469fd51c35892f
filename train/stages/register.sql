insert into runs (run_id, stage, model, model_digest, adapter, base_run_id, build_id, state, reason,
                  started_at, seconds, path)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, ($10::timestamptz)::timestamp, $11, $12)
