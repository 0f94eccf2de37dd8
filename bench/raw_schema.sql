-- The table of raw_insert.sql and raw_update.sql: a primary key, one partial index, room for updates in place.
drop table if exists raw_task;
drop sequence if exists raw_insert_batch, raw_update_batch;

create table raw_task (
    id bigint primary key,
    project_id bigint not null,
    status text not null,
    attempt_epoch bigint not null default 1,
    owner bigint,
    filename text not null,
    spec jsonb not null,
    result jsonb,
    created_at timestamptz not null,
    finished_at timestamptz
) with (fillfactor = 80);
create index raw_task_open_idx on raw_task (owner, id) where finished_at is null;

-- Number the batches: batch n holds the ids n * 512 + 1 to n * 512 + 512.
create sequence raw_insert_batch minvalue 0;
create sequence raw_update_batch minvalue 0;
