-- Each feature row hears of the exchanges before and after it in its thread; only changes are written.
update features set
    previous_author = n.previous_author, previous_kind = n.previous_kind,
    previous_words = n.previous_words, previous_interrupted = n.previous_interrupted,
    seconds_since_previous = n.seconds_since_previous,
    next_author = n.next_author, next_kind = n.next_kind, next_words = n.next_words,
    seconds_until_next = n.seconds_until_next
from (
    select f.exchange_id,
           lag(f.author) over thread as previous_author, lag(f.kind) over thread as previous_kind,
           lag(f.prompt_words) over thread as previous_words,
           lag(f.interrupted) over thread as previous_interrupted,
           epoch(f.asked_at - lag(f.asked_at) over thread) as seconds_since_previous,
           lead(f.author) over thread as next_author, lead(f.kind) over thread as next_kind,
           lead(f.prompt_words) over thread as next_words,
           epoch(lead(f.asked_at) over thread - f.asked_at) as seconds_until_next
    from features f join exchanges e using (exchange_id)
    window thread as (partition by e.session_id, e.agent_id order by e.ordinal, f.exchange_id)) n
where features.exchange_id = n.exchange_id
  and (features.previous_author, features.previous_kind, features.previous_words,
       features.previous_interrupted, features.seconds_since_previous,
       features.next_author, features.next_kind, features.next_words, features.seconds_until_next)
      is distinct from
      (n.previous_author, n.previous_kind, n.previous_words, n.previous_interrupted,
       n.seconds_since_previous, n.next_author, n.next_kind, n.next_words, n.seconds_until_next);
