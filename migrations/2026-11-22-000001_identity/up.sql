-- Users, API keys, receipts of idempotent requests.

create table app_user (
    id bigint generated always as identity primary key
        constraint app_user_id_range check (id between 1 and 9007199254740991),
    issuer text not null,
    subject text not null,
    created_at timestamptz not null,
    constraint app_user_subject_key unique (issuer, subject)
);

create table api_key (
    id bigint generated always as identity primary key
        constraint api_key_id_range check (id between 1 and 9007199254740991),
    user_id bigint not null constraint api_key_user_fk references app_user (id),
    name text not null,
    prefix text not null,
    hash bytea not null constraint api_key_hash_length check (length(hash) = 32),
    created_at timestamptz not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    constraint api_key_hash_key unique (hash)
);
create index api_key_user_idx on api_key (user_id, id);

create table idempotency_receipt (
    user_id bigint not null constraint idempotency_receipt_user_fk references app_user (id),
    operation text not null,
    key text not null,
    fingerprint bytea not null constraint idempotency_receipt_fingerprint_length check (length(fingerprint) = 32),
    status smallint not null constraint idempotency_receipt_status check (status between 100 and 599),
    body text not null,
    location text,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint idempotency_receipt_pkey primary key (user_id, operation, key)
);
create index idempotency_receipt_expiry_idx on idempotency_receipt (expires_at);
