-- Keys of rows that are new, or another version than the one that is known.
select n.row_key from now_rows n
left join known k on k.row_key = n.row_key and k.sha256 = n.sha256 and not k.deleted
where k.row_key is null
order by n.row_key
