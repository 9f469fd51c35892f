-- One line about a split. Lengths are binned by powers of two from 500 characters up.
with rows as (
    select list_sum(list_transform(messages, lambda m: length(m.content))) as chars,
           list_sum(list_transform(list_zip(messages, loss),
                                   lambda z: case when z[2] then length(z[1].content) else 0 end))
               as supervised_chars,
           list_contains(loss, true) as earns,
           len(exchange_ids) as exchanges, exchange_ids
    from read_parquet($path)
), bins as (
    select 500 * 2 ** greatest(ceil(log2(greatest(chars, 1) / 500)), 0)::int as top, count(*) as n
    from rows group by top
)
select count(*) as rows, count(*) filter (not earns) as fully_masked,
       sum(chars)::bigint as chars, sum(supervised_chars)::bigint as supervised_chars,
       sum(exchanges)::bigint - (select count(distinct x) from (select unnest(exchange_ids) x from rows))
           as context,
       (select map(list(top::bigint order by top), list(n order by top)) from bins) as lengths
from rows
