-- Pairs of the table `sketches` that share shingle hashes and are about as long, in the first text as
-- in all of them, one of them fresh (a document of `fresh_documents`). A hash of more than $crowd documents is a template's: there
-- each meets only its neighbours in the order of the sketches, so that no block grows quadratic.
create or replace temp table shared as
with entries as (
    select id, letters, opening, f.id is not null as fresh, place, unnest(sketch) as hash
    from (select id, letters, opening, sketch, row_number() over (order by sketch, id) as place
          from sketches where letters >= $shortest) s
    left join fresh_documents f using (id)
), met as (
    select hash from entries group by hash having count(*) > 1 and bool_or(fresh)
)
select id, letters, opening, fresh, hash, count(*) over (partition by hash) as block,
       row_number() over (partition by hash order by place) as place
from entries semi join met using (hash);

create or replace temp table candidates as
with pairs as (
    select a.id as one, b.id as other, a.letters as letters, a.opening as opening,
           b.letters as other_letters, b.opening as other_opening
    from shared a join shared b on a.hash = b.hash and a.place < b.place
    where a.block <= $crowd and b.block <= $crowd and (a.fresh or b.fresh)
    union all
    select a.id, b.id, a.letters, a.opening, b.letters, b.opening
    from (select *, unnest(range(1, $neighbours + 1)) as further from shared where block > $crowd) a
    join shared b on b.hash = a.hash and b.place = a.place + a.further
    where a.fresh or b.fresh
)
select one, other, s.letters + t.letters as letters
from (select distinct least(one, other) as one, greatest(one, other) as other
      from pairs
      where abs(letters - other_letters) <= $added * greatest(letters, other_letters) + $slack
        and abs(opening - other_opening) <= $added * greatest(opening, other_opening) + $slack)
join sketches s on s.id = one
join sketches t on t.id = other
where len(list_intersect(s.sketch, t.sketch)) >= least($shared, len(s.sketch), len(t.sketch))
  and len(list_intersect(s.opening_sketch, t.opening_sketch))
      >= least(1, len(s.opening_sketch), len(t.opening_sketch));
