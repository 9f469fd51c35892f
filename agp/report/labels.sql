select label, source, count(*) as exchanges, count(*) filter (probability > 0.5) as likely,
       avg(probability) as mean
from v_labels group by all order by likely desc, label, source
