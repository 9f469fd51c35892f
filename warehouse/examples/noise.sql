-- messages nobody typed, by kind
select kind, count(*) as messages, sum(length(text))::bigint as characters
from v_messages where author = 'harness' group by all order by messages desc, kind
