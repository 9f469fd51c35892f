-- What every lane needs to know of an exchange before its words are read.
create or replace temp table lane_exchanges as
select exchange_id, session_id, family_id, agent, parent_exchange_id, asked_at, ordinal, author,
       kind, interrupted
from v_exchanges
