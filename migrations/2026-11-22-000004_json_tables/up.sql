-- JSON tables in segments, and mounts.

create table json_table (
    id bigint generated always as identity primary key
        constraint json_table_id_range check (id between 1 and 9007199254740991),
    user_id bigint not null,
    project_id bigint not null,
    name text not null,
    description text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint json_table_project_fk foreign key (project_id, user_id) references project (id, user_id)
);
create index json_table_user_idx on json_table (user_id, id);
create index json_table_project_idx on json_table (project_id, id);

-- `path` is the JSON Pointer with chr(1) before each plain key instead of '/', so that the order of the primary key is
-- the order of the tree: a container's members lie together.
create table json_segment (
    table_id bigint not null constraint json_segment_table_fk references json_table (id) on delete cascade,
    path text collate "C" not null,
    value jsonb not null,
    task_id bigint,
    updated_at timestamptz not null,
    constraint json_segment_pkey primary key (table_id, path)
);

create table mount (
    id bigint generated always as identity primary key
        constraint mount_id_range check (id between 1 and 9007199254740991),
    task_id bigint not null constraint mount_task_fk references task (id),
    user_id bigint not null,
    table_id bigint not null constraint mount_table_fk references json_table (id) on delete cascade,
    json_path text not null,
    key text not null,
    -- Encoded like json_segment.path; differs from json_path + key for members of arrays.
    path text collate "C" not null,
    conflict text not null constraint mount_conflict check (conflict in ('error', 'overwrite', 'skip', 'rename')),
    state text not null constraint mount_state check (state in ('mounted', 'skipped', 'unmounted', 'replaced')),
    automatic boolean not null,
    -- The value as it was appended, for members of arrays: tells whether the one at the recorded index is still it.
    element jsonb,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint mount_target_key unique (task_id, table_id, json_path)
);
create index mount_table_idx on mount (table_id, path);
