-- The prompts of a capture, and why one makes no row. A prompt of an exchange must stand in the
-- split of that exchange's family; a prompt that nobody asked stands where its pack put it.
create or replace temp table transfer_prompts as
select s.*, e.session_id,
       case when s.exchange_id is null then null
            when f.split is distinct from s.split then 'crosses-split'
            when s.split <> 'test' and e.asked_at::date >= $test_after then 'after-cut' end as reason
from captured_spans s
left join exchanges e using (exchange_id)
left join sessions using (session_id)
left join splits f using (family_id)
