select lane, build_id, built_at, rule_set, rows from lane_builds order by built_at desc, build_id
