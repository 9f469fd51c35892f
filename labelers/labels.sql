-- Calibrated probabilities; what a person said stands above all votes.
delete from labels;
insert into labels
select exchange_id, label, probability, $model
from scored anti join (from reviews where reviewer = 'person') using (exchange_id, label)
order by all;
insert into labels
select exchange_id, label, holds::int::double, 'review'
from reviews where reviewer = 'person' and exchange_id in (select exchange_id from exchanges);
