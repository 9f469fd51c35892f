-- What records of the touched sessions say about the session before or after them.
select distinct session_id, kind, value from facts
where kind in ('continued_in', 'forked_from') and session_id in (select session_id from touched)
order by all
