-- How far a table has been read.
insert or replace into memory_watermarks
values ($place, $ordered_by, $reached, $pages, now()::timestamp)
