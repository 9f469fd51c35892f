-- Only clusters of two and more are kept. A normalised cluster holds the exact ones in it.
create or replace temp table ranked as
select exchange_id, exact_hash, normalised_hash,
       first_value(exchange_id) over better as cluster_id,
       first_value(exact_hash) over better as best_exact,
       count(*) over (partition by normalised_hash) as copies,
       max(source_priority) over (partition by normalised_hash) > source_priority as better_source
from features
where normalised_hash is not null
window better as (
    partition by normalised_hash
    order by source_priority desc, tool_calls desc, answer_chars desc,
             asked_at asc nulls last, exchange_id asc);

delete from clusters where method in ('exact', 'normalised');
insert into clusters by name
select exchange_id, cluster_id,
       case when exact_hash = best_exact then 'exact' else 'normalised' end as method,
       exchange_id = cluster_id as representative
from ranked where copies > 1;

update features set copies = n.copies, better_source = n.better_source, mirrors = n.mirrors
from (
    select f.exchange_id, coalesce(r.copies, 1) as copies,
           coalesce(r.better_source, false) as better_source,
           case when not c.representative then c.method end as mirrors
    from features f
    left join ranked r using (exchange_id)
    left join clusters c on c.exchange_id = f.exchange_id and c.method in ('exact', 'normalised')) n
where features.exchange_id = n.exchange_id
  and (features.copies, features.better_source, features.mirrors)
      is distinct from (n.copies, n.better_source, n.mirrors);
drop table ranked;
