select count(distinct cluster_id), count(*),
       (select count(distinct template_id) from templates), (select count(*) from templates),
       (select count(*) from features)
from clusters;
