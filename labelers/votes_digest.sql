-- One number of all votes and verdicts: while it stays, so do the labels.
select coalesce((select bit_xor(hash(labeler, version, exchange_id, label, holds, confidence))
                 from votes where label is not null), 0)
       || '-' || coalesce((select bit_xor(hash(exchange_id, label, holds)) from reviews), 0);
