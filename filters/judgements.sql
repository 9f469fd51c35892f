-- For a rule: everything it was evaluated on, whether it hits, and what a person said of it.
create or replace temp table judgements as
with rule as (
    select * from rules where rule_set = $rule_set and rule_id = $rule
), everything as (
    select exchange_id, '' as message_id from decisions
    where rule_set = $rule_set and message_id is null
      and (select applies_to from rule) = 'exchange'
    union all
    select exchange_id, message_id from placements
    where on_path and (select applies_to from rule) = 'message'
), hit as (
    select d.exchange_id, coalesce(d.message_id, '') as message_id
    from decisions d, rule r
    where d.rule_set = $rule_set and (r.applies_to = 'message') = (d.message_id is not null)
      and d.mask[r.position // 64 + 1] >> (r.position % 64) & 1 = 1
)
select e.exchange_id, e.message_id, h.exchange_id is not null as hit, v.holds
from everything e
left join (select distinct * from hit) h using (exchange_id, message_id)
left join (from rule_reviews where rule_id = $rule) v using (exchange_id, message_id);
