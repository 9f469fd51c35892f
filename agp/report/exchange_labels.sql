select label, probability, source from v_labels
where exchange_id = $exchange_id order by probability desc, label
