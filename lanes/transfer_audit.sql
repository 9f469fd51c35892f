-- One line about a split. What is learned from is a token that full depth went on to say.
with rows as (
    select len(continuation) as tokens, route from read_parquet($path)
), bins as (
    select 2 ** ceil(log2(greatest(tokens, 1)))::int as top, count(*) as n from rows group by top
), routes as (
    select route, count(*) as n from rows group by route
)
select count(*) as rows, count(*) filter (tokens = 0) as fully_masked,
       sum(tokens)::bigint as chars, sum(tokens)::bigint as supervised_chars, 0 as context,
       (select map(list(top::bigint order by top), list(n order by top)) from bins) as lengths,
       (select map(list(route order by route), list(n order by route)) from routes) as balance
from rows
