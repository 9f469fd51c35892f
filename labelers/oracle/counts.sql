-- One row a candidate layer, kind of state and class: how many labels, how sure on the mean.
select layer, planted, route, vitality, count(*) as n, round(avg(confidence), 4) as confidence
from route_labels where capture_id = $capture and label_version = $version
group by all order by layer, planted nulls first, route, vitality
