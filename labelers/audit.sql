-- Coverage: the share of exchanges a function votes on. Overlap: the share of its votes that another
-- function also votes on, for the same label. Conflict: the share that another one contradicts.
with pairs as (
    select labeler, exchange_id, label,
           count(*) over same - 1 as others,
           count(*) filter (holds) over same as yes, count(*) over same as all_votes, holds
    from v_votes
    window same as (partition by exchange_id, label)),
per as (
    select labeler, label, count(*) as votes,
           count(*) filter (holds) as yes, count(*) filter (not holds) as no,
           avg((others > 0)::int) as overlap,
           avg((case when holds then yes < all_votes else yes > 0 end)::int) as conflict
    from pairs group by all),
gold as (
    select labeler, label, count(*) as gold, count(*) filter (v.holds = r.holds) as correct
    from v_votes v join reviews r using (exchange_id, label) group by all)
select l.labeler, l.kind, coalesce(p.label, array_to_string(l.labels, ' ')) as label,
       concat_ws(' ', case when p.yes > 0 then 'yes' end, case when p.no > 0 then 'no' end)
           as polarity,
       coalesce(p.votes, 0) as votes,
       coalesce(p.votes, 0) / greatest((select count(distinct exchange_id) from votes), 1)
           as coverage,
       p.overlap, p.conflict, coalesce(g.gold, 0) as gold, coalesce(g.correct, 0) as correct,
       l.problem
from labelers l left join per p using (labeler)
left join gold g on g.labeler = l.labeler and g.label = p.label
order by label, l.labeler;
