-- Logged prompts that are sightings of another source's exchange, and those that could not be told.
select (select count(*) from aliases) as sightings,
       (select count(*) from v_ambiguous_prompts) as ambiguous
