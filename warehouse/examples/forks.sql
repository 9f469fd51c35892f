-- exchanges seen in more than one file: forks, resumes and copies
select exchange_id, sightings, session_id, left(prompt, 200) as prompt
from v_exchanges where sightings > 1 order by sightings desc, exchange_id
