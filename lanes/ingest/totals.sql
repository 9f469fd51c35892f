select f.files, f.records, f.bytes, f.quarantined,
       (select count(*) from exchanges), (select count(*) from exchanges where author = 'person')
from (
    select count(*) as files, coalesce(sum(records), 0)::bigint as records,
           coalesce(sum(bytes), 0)::bigint as bytes, coalesce(sum(quarantined), 0)::bigint as quarantined
    from files
) f
