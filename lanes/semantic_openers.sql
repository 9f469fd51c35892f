-- What was asked in each exchange of a plan, as far as neighbours are found by it.
select p.exchange_id, left(string_agg(w.text, chr(10) order by w.ordinal), $chars)
from lane_plan p join lane_words w using (exchange_id)
where p.reason is null and w.role = 'user'
group by p.exchange_id
order by p.exchange_id
