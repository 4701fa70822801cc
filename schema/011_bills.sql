-- The bill of each capture (service/plans/bill.py): what was captured at one time and for what, kept as it was said.
create table bills (
    bucket      bucket      not null,
    plan_id     identifier  not null,
    capture     smallint    not null,   -- 1, 2, 3 ... of the plan
    amount      amount      not null,
    lines       json        not null,   -- each with its number; they sum to the amount, or there are none
    captured_at timestamptz not null,
    constraint bills_pk primary key (bucket, plan_id, capture)
);

create trigger bills_are_append_only before update or delete or truncate on bills
    for each statement execute function refuse_change();
revoke update, delete, truncate on bills from public;

-- Of captures made before, the events know the amounts.
insert into bills (bucket, plan_id, capture, amount, lines, captured_at)
select bucket, plan_id, row_number() over (partition by bucket, plan_id order by number), (data ->> 'amount')::bigint,
       '[]', at
  from events
 where type in ('plan.captured', 'deposit.claimed');
