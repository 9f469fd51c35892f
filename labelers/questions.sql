with open as (
    select x.exchange_id, x.previous_id, p.probability,
           row_number() over (partition by p.probability is null
                              order by p.probability desc, hash(x.exchange_id), x.exchange_id) as place
    from thread x
    left join (from labels where label = $label) p using (exchange_id)
    anti join (from reviews where label = $label) r using (exchange_id)),
picked as (
    from open order by place, probability is null, exchange_id limit $most)
select o.exchange_id, left(b.prompt, 4000), left(e.prompt, 4000), left(e.answer, 4000),
       o.probability
from picked o join v_exchanges e using (exchange_id)
left join v_exchanges b on b.exchange_id = o.previous_id
order by o.place, o.probability is null, o.exchange_id;
