-- Reports: what is known, made once a day, read on grounds, and who looked.

-- subject --
-- A merchant or a buyer by its id.
select 'merchant' as kind, name, null as country, null as number from merchants where merchant_id = $1
union all
select 'buyer', name, country, number from buyers where buyer_id = $1;

-- buyer_of --
-- The buyer that the register knows by this number.
select buyer_id from buyers where country = $1 and number = $2;

-- insert_record --
insert into business_records (record_id, subject_id, kind, said, source, as_of, recorded_at, recorded_by)
values ($1, $2, $3, $4::text::json, $5, $6, $7, $8);

-- list_records --
select record_id, subject_id, kind, source, as_of, recorded_at
  from business_records
 where ($1::text is null or subject_id = $1) and record_id > $2
 order by record_id
 limit $3;

-- records_of --
-- Of a business, known before an instant, the oldest first.
select kind, said, source, as_of
  from business_records
 where subject_id = $1 and recorded_at < $2 and as_of <= $3
 order by as_of, record_id;

-- paid_of --
-- What a buyer paid of its invoices from a day on, as it was known before an instant; what was misdirected when it was
-- handed on.
select r.currency, p.amount, r.due_on, p.paid_on, r.merchant_id as supplier_id
  from receivables r
  join receivable_payments p using (receivable_id)
 where r.buyer_id = $1 and p.amount > 0 and p.told_at < $2 and p.paid_on >= $3
   and (not p.is_misdirected or p.remitted_on <= $4)
 order by p.payment_id;

-- open_of --
-- What a buyer owed on its invoices when a day had ended, and what of it was disputed; `is_bought`: by somebody.
select r.currency, r.due_on, r.merchant_id as supplier_id, r.amount - coalesce(p.paid, 0) as open,
       least(coalesce(d.amount, 0), r.amount - coalesce(p.paid, 0)) as disputed, a.is_bought
  from receivables r
  left join lateral (select sum(amount + dilution)::bigint as paid
                       from receivable_payments p
                      where p.receivable_id = r.receivable_id and p.told_at < $2
                        and (not p.is_misdirected or p.remitted_on <= $3)) p on true
  left join lateral (select amount from receivable_disputes d
                      where d.receivable_id = r.receivable_id and d.told_at < $2
                      order by d.number desc limit 1) d on true
  cross join lateral (select exists (select from assignments a
                                      where a.receivable_id = r.receivable_id and a.mode = 'purchase' and a.made_at < $2
                                        and (a.ended_on is null or a.ended_on > $3)) as is_bought) a
 where r.buyer_id = $1 and r.made_at < $2 and r.amount > coalesce(p.paid, 0)
 order by r.receivable_id;

-- advanced_to --
-- What a merchant was advanced on its receivables and had not come back, when a day had ended: by currency.
select currency, sum(left_over)::bigint as advanced
  from (select distinct on (x.assignment_id) r.currency, x.state,
               (x.position ->> 'advance')::bigint - (x.position ->> 'collected')::bigint as left_over
          from receivables r
          join assignments a using (receivable_id)
          join assignment_steps x using (assignment_id)
         where r.merchant_id = $1 and x.told_at < $2 and x.position is not null
         order by x.assignment_id, x.number desc) s
 where state in ('purchased', 'part_collected') and left_over > 0
 group by currency
 order by currency;

-- to_remit_by --
-- What a merchant had collected for others and not handed on, when a day had ended: by currency.
select r.currency, sum(p.amount)::bigint as to_remit
  from receivables r
  join receivable_payments p using (receivable_id)
 where r.merchant_id = $1 and p.told_at < $2 and p.remit_by is not null and (p.remitted_on is null or p.remitted_on > $3)
 group by r.currency
 order by r.currency;

-- lost_by --
-- What was charged back to a merchant in settlements of these days: by currency.
select s.currency, - sum(l.net)::bigint as lost, count(*) as times
  from settlements s
  join settlement_lines l using (settlement_id)
 where s.merchant_id = $1 and s.made_at < $2 and l.kind = 'chargeback' and l.booked_on between $3 and $4
 group by s.currency
 order by s.currency;

-- kept --
select report_id, sha256, content from business_reports where subject_id = $1 and as_of = $2;

-- keep --
-- The first of a day is the report of that day.
insert into business_reports (report_id, subject_id, as_of, sha256, content, made_at)
values ($1, $2, $3, $4, $5, $6)
    on conflict on constraint business_reports_day_once do nothing;

-- insert_access --
insert into report_accesses (access_id, report_id, audience, viewer_id, purpose, basis, basis_id, made_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- access --
select a.report_id, a.purpose, a.basis, a.basis_id, a.expires_at, b.subject_id, b.as_of, b.sha256, b.content
  from report_accesses a
  join business_reports b using (report_id)
 where a.access_id = $1 and a.audience = $2 and ($3::text is null or a.viewer_id = $3);

-- insert_view --
insert into report_views (view_id, report_id, audience, viewer_id, key_id, purpose, basis, basis_id, form, viewed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- list_views --
-- Who looked at reports about a business, or about any.
select v.view_id, v.report_id, b.subject_id, b.as_of, v.audience, v.viewer_id, v.purpose, v.basis, v.basis_id, v.form,
       v.viewed_at
  from report_views v
  join business_reports b using (report_id)
 where ($1::text is null or b.subject_id = $1) and v.view_id > $2
 order by v.view_id
 limit $3;

-- insert_consent --
insert into report_consents (consent_id, subject_id, viewer_id, purpose, reference, ends_on, given_by, given_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
returning consent_id, subject_id, viewer_id, purpose, reference, ends_on, given_at, revoked_at;

-- consent --
select consent_id, subject_id, viewer_id, purpose, reference, ends_on, given_at, revoked_at
  from report_consents
 where consent_id = $1;

-- revoke_consent --
update report_consents set revoked_at = coalesce(revoked_at, $3)
 where consent_id = $1 and ($2::text is null or subject_id = $2)
returning consent_id, subject_id, viewer_id, purpose, reference, ends_on, given_at, revoked_at;

-- list_consents --
select consent_id, subject_id, viewer_id, purpose, reference, ends_on, given_at, revoked_at
  from report_consents
 where ($1::text is null or subject_id = $1) and consent_id > $2
 order by consent_id
 limit $3;

-- is_contract --
-- Whether an assignment that is live is one of the subject's, or of what it owes, and the viewer's.
select exists (select
                 from assignments a
                 join receivables r using (receivable_id)
                where a.assignment_id = $1 and a.ended_on is null and $2 in (r.merchant_id, r.buyer_id)
                  and ($3::text is null or a.assignee_id = $3));

-- is_settled_by_terms --
select exists (select from settlement_terms where merchant_id = $1);

-- is_viewer --
select exists (select from partners where partner_id = $1);
