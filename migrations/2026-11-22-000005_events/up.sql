-- The append-only log. No foreign keys: it outlives what it tells of.

create table event (
    id bigint generated always as identity primary key
        constraint event_id_range check (id between 1 and 9007199254740991),
    user_id bigint not null,
    project_id bigint not null,
    task_id bigint,
    table_id bigint,
    name text not null,
    payload jsonb not null,
    created_at timestamptz not null
);
create index event_task_idx on event (task_id, id) where task_id is not null;
