-- how many exchanges each pair of sources saw both
select a.source as one, b.source as other, count(distinct a.exchange_id) as exchanges
from v_sightings a join v_sightings b on a.exchange_id = b.exchange_id and a.source < b.source
group by all order by exchanges desc, one, other
