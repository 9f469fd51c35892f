-- prompts whose answer the person stopped
select asked_at, project, tool_calls, left(prompt, 200) as prompt
from v_exchanges where interrupted order by asked_at desc, exchange_id
