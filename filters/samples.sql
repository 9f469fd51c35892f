-- Some of what each rule hit in a lane: the same ones every time, from all over the history. What a
-- mask hits is found out once for each mask, and the words are read of the samples alone.
create or replace temp table sampled as
with masks as (
    select distinct mask, message_id is not null as of_message
    from decisions where rule_set = $rule_set
), hit as (
    select m.mask, m.of_message, r.rule_id
    from masks m join rules r
      on r.rule_set = $rule_set and list_contains(r.lanes, $lane)
     and (r.applies_to = 'message') = m.of_message
    where m.mask[r.position // 64 + 1] >> (r.position % 64) & 1 = 1
), found as (
    select h.rule_id, unnest(min_by(
        {exchange_id: d.exchange_id, message_id: d.message_id},
        (hash(d.exchange_id, d.message_id), d.exchange_id, d.message_id), $each)) as one
    from decisions d
    join hit h on h.mask = d.mask and h.of_message = (d.message_id is not null)
    where d.rule_set = $rule_set
    group by h.rule_id)
select rule_id, one.exchange_id as exchange_id, one.message_id as message_id from found;

select s.rule_id, s.exchange_id, s.message_id, left(any_value(m.text), 4000) as text
from sampled s
join placements x on x.exchange_id = s.exchange_id
 and (x.message_id = s.message_id or s.message_id is null and x.ordinal = 0)
join messages m
  on (m.file_id, m.record_ordinal, m.message_id) = (x.file_id, x.record_ordinal, x.message_id)
group by all
order by all;
