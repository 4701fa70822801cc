-- What each fact has made of its plan, in 8 bytes that nobody can change: proved against its facts (service/plans/proof.py).

alter table facts add column digest bytea;   -- null: another fact followed at once, or it is older than this column
alter table facts add constraint facts_digest_is_short check (octet_length(digest) = 8);
