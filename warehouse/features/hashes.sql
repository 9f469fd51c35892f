case when length(trim(prompt)) > 0 then hash(prompt, coalesce(answer, '')) end as exact_hash,
case when length(trim(prompt)) > 0 then hash(
    translate(lower(prompt), e' \t\r\n.,;:!?"''`*_()[]{}<>-', ''),
    translate(lower(coalesce(answer, '')), e' \t\r\n.,;:!?"''`*_()[]{}<>-', '')) end
    as normalised_hash
