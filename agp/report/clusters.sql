select method, count(distinct cluster_id) as clusters, count(*) as exchanges,
       count(*) filter (not representative) as copies
from clusters group by all order by method
