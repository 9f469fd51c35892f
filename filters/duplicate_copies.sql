-- The copies in an exchange's cluster with their words, the best first.
select c.exchange_id, case when c.representative then 'best' else c.method end as method,
       round(case when c.method = 'near' then c.similarity end, 3) as similarity, x.source, x.asked_at, x.session_id, x.prompt, x.answer
from clusters c
join v_exchanges x using (exchange_id)
where c.cluster_id = (select cluster_id from clusters where exchange_id = $exchange_id)
order by not c.representative, x.asked_at, c.exchange_id;
