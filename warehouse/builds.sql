-- The builds whose id begins so, and where each was written last.
select build_id, path
from lane_builds
where starts_with(build_id, $id)
order by build_id;
