-- The records behind a row of a build: every message of every exchange in it.
select l.turn, l.exchange_id, l.session_id, l.weight, m.message_id, m.role, f.path,
       m.record_ordinal as record, r.byte_offset, r.byte_length, lower(hex(r.sha256)) as sha256
from v_lane_rows l
join v_messages m using (exchange_id)
left join v_files f using (file_id)
left join raw_records r on r.file_id = m.file_id and r.ordinal = m.record_ordinal
where l.build_id = $build and l.split = $split and l.row = $row and m.on_path
order by l.turn, m.ordinal
