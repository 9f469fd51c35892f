-- How many records were ingested after a build was registered, as the ingests counted them.
select coalesce(sum(records), 0)::bigint
from ingests
where started_at > (select built_at from lane_builds where build_id = $build);
