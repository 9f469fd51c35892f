-- For a rule: everything it was evaluated on, whether it hits, and what a person said of such words.
create or replace temp table judgements as
with rule as (
    select * from rules where rule_set = $rule_set and rule_id = $rule
), hit as (
    select distinct d.exchange_id, coalesce(d.message_id, '') as message_id
    from decisions d, rule r
    where d.rule_set = $rule_set and (r.applies_to = 'message') = (d.message_id is not null)
      and d.mask[r.position // 64 + 1] >> (r.position % 64) & 1 = 1
), said as (
    select s.text_hash, arg_max(v.holds, v.reviewed_at) as holds
    from rule_reviews v join shown s using (exchange_id, message_id)
    where v.rule_id = $rule group by s.text_hash
)
select s.exchange_id, s.message_id, s.text_hash, h.exchange_id is not null as hit, v.holds
from shown s
left join hit h using (exchange_id, message_id)
left join said v using (text_hash);
