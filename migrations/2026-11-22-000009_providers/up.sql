-- Providers of language models that users keep here. Keys are sealed by the server before they come; the database never
-- sees one.

create table model_provider (
    id bigint generated always as identity primary key,
    user_id bigint not null,
    name text not null,
    -- Everything but the key, `name` included.
    definition jsonb not null,
    -- Which key of the server opens `sealed_key`: both or neither.
    sealed_with text,
    sealed_key bytea,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint model_provider_id_range check (id between 1 and 9007199254740991),
    constraint model_provider_user_fk foreign key (user_id) references app_user (id),
    constraint model_provider_name_key unique (user_id, name),
    constraint model_provider_definition check (jsonb_typeof(definition) = 'object'),
    constraint model_provider_sealed check ((sealed_with is null) = (sealed_key is null))
);
