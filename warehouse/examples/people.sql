-- who asked: people, agents, commands or the harness, by project
select project, count(*) filter (author = 'person') as person,
       count(*) filter (author = 'agent') as agent, count(*) filter (author = 'command') as command,
       count(*) filter (author = 'harness') as harness
from v_exchanges group by all order by person desc, project
