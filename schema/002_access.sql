-- Who calls: the keys to the API.

create table keys (
    key_id     text collate "C" not null,
    hmac       bytea            not null,   -- HMAC-SHA256 of the key under the service's secret: the key itself is nowhere
    audience   text             not null,
    owner_id   text collate "C" not null,   -- merchant, partner, processor, or the person who is the operator
    scopes     text[]           not null,
    created_at timestamptz      not null,
    revoked_at timestamptz,
    constraint keys_pk primary key (key_id),
    constraint keys_hmac_once unique (hmac),
    constraint keys_audience_is_known check (audience in ('merchant', 'partner', 'operator', 'processor'))
);

create trigger keys_change_is_announced after insert or update or delete on keys
    for each statement execute function announce_change();
