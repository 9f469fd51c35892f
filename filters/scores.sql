-- How often a rule is right by what people said: of hits and of others all, then judged texts, right
-- ones (that it ought to hit), and rows that these texts stand for, those of right ones, their squares.
with texts as (
    select hit, text_hash, count(*)::double as n, any_value(holds) as holds
    from judgements group by all
)
select hit, sum(n)::bigint, count(holds), count(*) filter (holds),
       coalesce(sum(n) filter (holds is not null), 0), coalesce(sum(n) filter (holds), 0),
       coalesce(sum(n * n) filter (holds is not null), 0)
from texts group by hit;
