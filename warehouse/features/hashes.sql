case when length(trim(prompt)) > 0 then hash(prompt, coalesce(answer, '')) end as exact_hash,
case when length(trim(prompt)) > 0 then hash(
    list_reduce(string_split(e' \t\r\n.,;:!?"''`*_()[]{}<>-', ''),
                lambda t, mark: replace(t, mark, ''), lower(prompt)),
    list_reduce(string_split(e' \t\r\n.,;:!?"''`*_()[]{}<>-', ''),
                lambda t, mark: replace(t, mark, ''), lower(coalesce(answer, '')))) end
    as normalised_hash
