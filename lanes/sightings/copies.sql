-- Sessions that carry on another's, and the exchanges that stand in several files of one source.
select (select count(*) from sessions where parent_session_id is not null) as forked_sessions,
       (select count(distinct family_id) from sessions) as families,
       (select count(*) from sessions) as sessions,
       (select count(*) from (select exchange_id from exchange_sources group by exchange_id, source
                              having count(*) > 1)) as copied_exchanges
