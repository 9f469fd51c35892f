-- Which scripts stand in what was asked: N'Ko is U+07C0-07FF. Letters are counted, not marks.
delete from scripts where (exchange_id, fingerprint) not in (
    select (exchange_id, fingerprint) from features);
insert into scripts by name
with opener as (
    select f.exchange_id, f.fingerprint, left(coalesce(m.text, ''), 2000) as text
    from features f
    join placements x on x.exchange_id = f.exchange_id and x.ordinal = 0 and x.on_path
    join messages m using (file_id, record_ordinal, message_id)
    anti join scripts s on s.exchange_id = f.exchange_id),
letters as (
    select exchange_id, any_value(fingerprint) as fingerprint, any_value(text) as text,
           length(regexp_replace(any_value(text), '[^\p{Latin}]', '', 'g')) as latin,
           length(regexp_replace(any_value(text), '[^\x{07CA}-\x{07EA}]', '', 'g')) as nko,
           length(regexp_replace(any_value(text), '[^\p{Arabic}]|\pM|\pN', '', 'g')) as arabic,
           length(regexp_replace(any_value(text), '\PL', '', 'g')) as letters
    from opener group by exchange_id),
share as (
    select *, greatest(letters - latin - nko - arabic, 0) as other, greatest(letters, 1) * 0.1 as few
    from letters)
select exchange_id, fingerprint, latin, nko, arabic, other,
       case when letters = 0 then 'none'
            when (latin > few)::int + (nko > few)::int + (arabic > few)::int + (other > few)::int > 1
                then 'mixed'
            when nko > few then 'nko' when arabic > few then 'arabic'
            when latin > few then 'latin' else 'other' end as script,
       regexp_matches(text, '^\PL*[\x{07C0}-\x{07FF}\p{Arabic}\p{Hebrew}]') as right_to_left
from share;
