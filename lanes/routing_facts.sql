-- One row a captured exchange: how it went, its spans in the capture, and every state there.
select p.exchange_id,
       (select v from (select * exclude (exchange_id, session_id) from v_process
                       where exchange_id = p.exchange_id) v) as process,
       list({prompt_id: s.prompt_id, shard: s.shard, first_row: s.first_row, tokens: s.tokens}
            order by s.prompt_id) as spans,
       flatten(list(x.states order by s.prompt_id)) as states
from lane_plan p
join captured_spans s on s.exchange_id = p.exchange_id and s.split = p.split
join (select prompt_id, list(c order by step, layer, planted nulls first) as states
      from captured_states c group by prompt_id) x using (prompt_id)
where p.reason is null
group by p.exchange_id
