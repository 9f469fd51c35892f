-- One line about a split. Of the states those whose label is at all sure count as supervised.
with rows as (
    select list_sum(list_transform(turns, lambda t: length(coalesce(t.text, t.result, '')))) as chars,
           states
    from read_parquet($path)
), bins as (
    select 500 * 2 ** greatest(ceil(log2(greatest(chars, 1) / 500)), 0)::int as top, count(*) as n
    from rows group by top
), routes as (
    select s.route as name, count(*) as n from (select unnest(states) as s from rows) group by name
)
select count(*) as rows, count(*) filter (len(states) = 0) as fully_masked,
       sum(len(states))::bigint as chars,
       sum(len(list_filter(states, lambda s: s.confidence > 0)))::bigint as supervised_chars,
       0 as context,
       (select map(list(top::bigint order by top), list(n order by top)) from bins) as lengths,
       (select map(list(name order by name), list(n order by name)) from routes) as balance
from rows
