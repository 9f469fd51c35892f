-- The memories that precede each exchange in `asked` and have to do with it, the nearest first.
-- Words count by how rare they are among all memories; embeddings count where the exchange has one,
-- which it has when its own prompt is a memory too.
create or replace temp table remembered as
select memory_id, created_at, updated_at, conversation_id, project, phase, role, salience,
       left(text, $longest::bigint) as text, embedding,
       md5(nfc_normalize(trim(regexp_replace(text, '[\s\x{A0}]+', ' ', 'g')))) as key
from v_memories
where not deleted and trim(coalesce(text, '')) <> '' and created_at is not null;

-- What stands in many prompts tells nothing of one. Ids are hashes: the first are a fair sample.
create or replace temp table everyday as
with sample as (
    select exchange_id, left(prompt, $longest::bigint) as prompt
    from v_exchanges where prompt <> '' order by exchange_id limit 2000
), words as (
    select exchange_id, unnest(list_distinct(string_split(
        trim(regexp_replace(lower(prompt), '[^\pL\pN_]+', ' ', 'g')), ' '))) as word
    from sample
)
select word from words group by word
having count(*) > $everyday::double * (select count(*) from sample)
   and (select count(*) from sample) >= 40;

create or replace temp table memory_words as
with words as (
    select memory_id, unnest(list_distinct(string_split(
        trim(regexp_replace(lower(text), '[^\pL\pN_]+', ' ', 'g')), ' '))) as word
    from remembered
), rare as (
    select word, count(*) as memories from words anti join everyday using (word)
    where length(word) between 3 and 60 group by word
    having count(*) <= greatest($common::bigint, 0.02 * (select count(*) from remembered))
)
select w.memory_id, w.word, ln(1 + (select count(*) from remembered) / r.memories) as weight
from words w join rare r using (word);

create or replace temp table asked_words as
with words as (
    select exchange_id, unnest(list_distinct(string_split(
        trim(regexp_replace(lower(left(prompt, $longest::bigint)), '[^\pL\pN_]+', ' ', 'g')), ' '))) as word
    from asked
), weights as (select word, any_value(weight) as weight from memory_words group by word)
select w.exchange_id, w.word, weight
from words w join weights using (word);

-- What the exchange itself says is no memory of it, whenever a table says it was written.
create or replace temp table said as
select distinct m.exchange_id,
       md5(nfc_normalize(trim(regexp_replace(m.text, '[\s\x{A0}]+', ' ', 'g')))) as key
from v_messages m semi join asked using (exchange_id) where m.text <> '';

create or replace temp table near as
with lengths as (select memory_id, sqrt(sum(weight * weight)) as length from memory_words group by all),
asked_lengths as (
    select exchange_id, sqrt(sum(weight * weight)) as length from asked_words group by all),
shared as (
    select a.exchange_id, m.memory_id, sum(a.weight * m.weight) as product
    from asked_words a join memory_words m using (word) group by all)
select s.exchange_id, s.memory_id, s.product / (l.length * a.length) as text_similarity
from shared s join lengths l using (memory_id) join asked_lengths a using (exchange_id);

create or replace temp table own as
select a.exchange_id, arg_min(r.embedding, abs(epoch(r.created_at - a.asked_at))) as embedding
from asked a
join said s using (exchange_id)
join remembered r on r.key = s.key and r.embedding is not null
group by a.exchange_id;

create or replace temp table linked as
with pairs as (
    select exchange_id, memory_id, text_similarity from near where text_similarity >= $least_text::double
    union all
    select o.exchange_id, r.memory_id, 0.0
    from own o join remembered r on len(r.embedding) = len(o.embedding) and $every::boolean
), ranked as (
    select a.exchange_id, r.memory_id, r.created_at, a.asked_at - r.created_at as before,
           max(p.text_similarity) as text_similarity,
           max(case when len(r.embedding) = len(o.embedding)
                    then list_cosine_similarity(r.embedding, o.embedding) end) as embedding_similarity,
           coalesce(r.project in (a.project, a.cwd), false) as same_project,
           coalesce(r.conversation_id = a.session_id, false) as same_conversation,
           r.phase, r.role, r.key, r.text
    from pairs p
    join asked a using (exchange_id)
    join remembered r using (memory_id)
    left join own o using (exchange_id)
    where r.created_at < a.asked_at
      and (not $unchanged::boolean or r.updated_at is null or r.updated_at < a.asked_at)
    group by all
)
select * exclude (nth, copy) from (
    select *, row_number() over (partition by exchange_id order by score desc, created_at desc, memory_id) as nth
    from (
        select r.*, row_number() over (partition by r.exchange_id, r.key order by r.created_at, r.memory_id) as copy,
               text_similarity * $text_weight::double
               + coalesce(embedding_similarity, 0) * $embedding_weight::double
               + same_project::int * $project_weight::double + same_conversation::int * $conversation_weight::double
               + $recent_weight::double * exp(-epoch(before) / 86400.0 / $recent_days::double) as score
        from ranked r anti join said s on s.exchange_id = r.exchange_id and s.key = r.key
        where text_similarity >= $least_text::double or embedding_similarity >= $least_embedding::double
    ) where copy = 1
) where nth <= $most::bigint
order by exchange_id, nth;
