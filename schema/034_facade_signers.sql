-- Shops that sign their requests: by which key of theirs, and by which of ours their answers are signed.
create table facade_signers (
    mchid       text collate "C" not null,   -- as the shop calls itself
    serial_no   text collate "C" not null,   -- of the certificate that its key is in
    merchant_id text collate "C" not null,
    key_id      text collate "C" not null,   -- in whose name it acts
    public_key  text             not null,   -- the shop's, PEM
    own_key     bytea            not null,   -- sealed: ours, that answers are signed by, PKCS #8
    secret_mark text collate "C" not null,   -- of the secret that it is sealed under
    made_at     timestamptz      not null,
    constraint facade_signers_pk primary key (mchid, serial_no),
    constraint facade_signers_merchant foreign key (merchant_id) references merchants (merchant_id)
);
