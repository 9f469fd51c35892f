-- What every exchange is made of, as one number: a new, longer or better read exchange differs.
create or replace temp table fingerprints as
select e.exchange_id,
       hash(e.author, e.kind, e.source, e.interrupted, e.session_id, e.agent_id, e.ordinal,
            e.asked_at, e.answered_at, e.complexity, e.logged_tokens, s.agent, s.project, p.members,
            n.sightings, $version) as fingerprint
from exchanges e
join sessions s using (session_id)
left join (
    select exchange_id, bit_xor(hash(file_id, record_ordinal, ordinal)) as members
    from placements where on_path group by all) p using (exchange_id)
left join (select exchange_id, count(*) as sightings from exchange_sources group by all) n
  using (exchange_id);
