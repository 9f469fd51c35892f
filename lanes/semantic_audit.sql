-- One line about a split: a target is a label of a row, and it is supervised where something voted.
with rows as (
    select length("text") as chars, voted, copy, script,
           map_concat(from_json(to_json(primitives), '"MAP(VARCHAR, DOUBLE)"'),
                      from_json(to_json(invariants), '"MAP(VARCHAR, DOUBLE)"')) as labels
    from read_parquet($path)
), held as (
    select unnest(map_keys(labels)) as label, unnest(map_values(labels)) as probability, voted
    from rows where copy = 0
), balance as (
    select label, count(*) filter (probability >= 0.5 and list_contains(voted, label)) as n
    from held group by label
), bins as (
    select 500 * 2 ** greatest(ceil(log2(greatest(chars, 1) / 500)), 0)::int as top, count(*) as n
    from rows group by top
)
select count(*) as rows,
       count(*) filter (len(list_filter(map_values(labels), lambda p: p is not null)) = 0)
           as fully_masked,
       sum(cardinality(labels))::bigint as chars, sum(len(voted))::bigint as supervised_chars,
       count(*) filter (copy > 0) as context,
       (select map(list(label order by label), list(n order by label)) from balance) as balance,
       (select map(list(top::bigint order by top), list(n order by top)) from bins) as lengths
from rows
