-- Only clusters of two and more are kept. A near cluster holds the normalised ones in it, and a
-- normalised cluster the exact ones; `components` says which normalised hashes are near copies.
create or replace temp table ranked as
select exchange_id, exact_hash, normalised_hash, similarity,
       first_value(exchange_id) over better as cluster_id,
       first_value(exact_hash) over better as best_exact,
       first_value(normalised_hash) over better as best_normalised,
       count(*) over (partition by normalised_hash) as copies,
       count(*) over (partition by component) as near_copies,
       max(source_priority) over (partition by component) > source_priority as better_source
from (select f.* exclude (similarity), coalesce(c.component, normalised_hash) as component, c.similarity
      from features f left join components c on c.id = f.normalised_hash
      where normalised_hash is not null) f
window better as (
    partition by component
    order by source_priority desc, tool_calls desc, answer_chars desc,
             asked_at asc nulls last, exchange_id asc);

delete from clusters;
insert into clusters by name
select exchange_id, cluster_id,
       case when exact_hash = best_exact then 'exact'
            when normalised_hash = best_normalised then 'normalised' else 'near' end as method,
       exchange_id = cluster_id as representative,
       similarity
from ranked where near_copies > 1;

-- The template of a prompt is the one of its anchors that most exchanges share.
delete from templates;
insert into templates by name
with anchored as (
    select f.exchange_id, unnest(s.anchors) as anchor
    from features f join sketches s on s.id = f.normalised_hash
), shared as (
    select anchor, count(*) as n from anchored group by anchor having n >= $members
), chosen as (
    select exchange_id, arg_max(anchor, (n, -anchor)) as anchor
    from anchored join shared using (anchor) group by exchange_id
)
select exchange_id, 't' || lower(to_hex(anchor)) as template_id,
       count(*) over (partition by anchor) as members
from chosen qualify members >= $members;

update features set
    copies = n.copies, near_copies = n.near_copies, is_near_copy = n.is_near_copy,
    better_source = n.better_source, mirrors = n.mirrors, similarity = n.similarity,
    template_copies = n.template_copies
from (
    select f.exchange_id, coalesce(r.copies, 1) as copies, coalesce(r.near_copies, 1) as near_copies,
           coalesce(r.better_source, false) as better_source,
           case when not c.representative then c.method end as mirrors,
           coalesce(c.method = 'near', false) as is_near_copy, r.similarity,
           coalesce(t.members, 1) as template_copies
    from features f
    left join ranked r using (exchange_id)
    left join clusters c using (exchange_id)
    left join templates t using (exchange_id)) n
where features.exchange_id = n.exchange_id
  and (features.copies, features.near_copies, features.is_near_copy, features.better_source,
       features.mirrors, features.similarity, features.template_copies)
      is distinct from (n.copies, n.near_copies, n.is_near_copy, n.better_source, n.mirrors,
                        n.similarity, n.template_copies);
drop table ranked;
