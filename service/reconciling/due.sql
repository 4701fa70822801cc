-- senders --
-- Partners that send files: when the last of them, or the last bank statement of theirs, came, and what was compared. Of
-- one that takes part no more, the last day that it has files of.
select f.programme_id, f.partner_id, p.time_zone, r.compared_until, r.compared_at,
       greatest(max(f.received_at), b.received_at) as heard_at,
       case when not p.takes_part then c.closed_until end as files_until
  from received_files f
  join lateral (select time_zone, exists (select from json_array_elements(p.terms -> 'participants') one
                                           where one ->> 'partner_id' = f.partner_id) as takes_part
                  from programmes p
                 where p.programme_id = f.programme_id order by version desc limit 1) p on true
  left join lateral (select max(business_on) as closed_until from partner_closings c
                      where c.programme_id = f.programme_id and c.partner_id = f.partner_id) c on true
  left join lateral (select business_on as compared_until, made_at as compared_at
                       from reconciliations r
                      where r.programme_id = f.programme_id and r.partner_id = f.partner_id
                      order by business_on desc, number desc limit 1) r on true
  left join lateral (select max(m.received_at) as received_at
                       from bank_accounts a
                       join bank_statements s using (iban)
                       join bank_messages m using (bank_message_id)
                      where a.programme_id = f.programme_id) b on true
 where f.state = 'loaded'
 group by f.programme_id, f.partner_id, p.time_zone, p.takes_part, c.closed_until, r.compared_until, r.compared_at,
          b.received_at
 order by f.programme_id, f.partner_id;
