-- The exchanges that are labelled, with their neighbours in the thread: what somebody asked (a
-- person, a command with words, an agent of its subagent); what the harness sent is no turn.
create or replace temp table thread as
select exchange_id, lag(exchange_id) over turn as previous_id, lead(exchange_id) over turn as next_id
from exchanges
where author in ('person', 'command', 'agent') and on_path
window turn as (partition by session_id, agent_id order by ordinal, exchange_id);
