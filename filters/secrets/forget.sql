-- Take out what stood in strings that are gone.
delete from findings where (field, id) not in (select (field, id) from secret_strings);
delete from secret_scans where (field, id) not in (select (field, id) from secret_strings);
