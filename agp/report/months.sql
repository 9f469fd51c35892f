select strftime(asked_at, '%Y-%m') as month, author, count(*) as n
from exchanges where asked_at is not null group by all order by all
