-- What is known of each labelled exchange of a plan, without its words: labels on which something
-- voted, script, bundles (the strongest first).
with said as (
    select exchange_id, map_from_entries(list((label, probability) order by label)) as labels
    from v_labels group by exchange_id
), inside as (
    select exchange_id, list(bundle_id order by strength desc, bundle_id) as bundles
    from v_bundle_members group by exchange_id
)
select p.exchange_id, p.session_id, p.split, coalesce(s.script, 'none') as script,
       coalesce(s.right_to_left, false) as right_to_left, coalesce(l.labels, map {}) as labels,
       coalesce(i.bundles, []) as bundles
from lane_plan p
semi join thread t using (exchange_id)
left join v_scripts s using (exchange_id)
left join said l using (exchange_id)
left join inside i using (exchange_id)
where p.reason is null
order by p.position
