-- Nodes, uploads, tasks, artifacts.

create sequence node_epoch_seq;

create table node (
    id bigint generated always as identity primary key
        constraint node_id_range check (id between 1 and 9007199254740991),
    name text not null constraint node_name_key unique,
    -- The incarnation; taken from node_epoch_seq at every registration.
    epoch bigint not null,
    started_at timestamptz not null,
    lease_until timestamptz not null
);

-- Both sequences hand out blocks of 1000 ids, so that ids are known before the insert.
create sequence upload_id_seq increment by 1000 maxvalue 9007199254739991;
create sequence task_id_seq increment by 1000 maxvalue 9007199254739991;

create table upload (
    id bigint primary key constraint upload_id_range check (id between 1 and 9007199254740991),
    user_id bigint not null,
    project_id bigint not null,
    key text not null,
    sha256 text not null constraint upload_sha256_length check (length(sha256) = 64),
    size bigint not null constraint upload_size check (size >= 0),
    media_type text not null,
    filename text not null,
    path text,
    created_at timestamptz not null,
    constraint upload_project_fk foreign key (project_id, user_id) references project (id, user_id)
);
create index upload_name_idx on upload (project_id, filename, id);

create table task (
    id bigint primary key constraint task_id_range check (id between 1 and 9007199254740991),
    user_id bigint not null,
    project_id bigint not null,
    kind text not null constraint task_kind check (kind in ('document', 'load', 'query')),
    status text not null constraint task_status check (status in
        ('pending', 'mineru_parsing', 'llm_processing', 'running', 'cancelling', 'completed', 'failed', 'cancelled')),
    priority smallint not null constraint task_priority check (priority between -100 and 100),
    progress smallint not null default 0 constraint task_progress check (progress between 0 and 100),
    attempt integer not null default 0 constraint task_attempt check (attempt >= 0),
    -- Guards every write of a worker; grows at every change of owner and every new attempt.
    attempt_epoch bigint not null default 1,
    -- The attempt_epoch whose start was noted; only tasks that were taken over note their start.
    started_epoch bigint,
    recoveries integer not null default 0 constraint task_recoveries check (recoveries >= 0),
    recovered boolean not null default false,
    owner_node bigint,
    owner_epoch bigint,
    rule_id bigint,
    rule_version integer,
    upload_id bigint constraint task_upload_fk references upload (id),
    run_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    started_at timestamptz,
    transforming_at timestamptz,
    cancel_requested_at timestamptz,
    finished_at timestamptz,
    filename text not null,
    spec jsonb not null,
    result jsonb,
    mounted jsonb,
    error jsonb,
    constraint task_project_fk foreign key (project_id, user_id) references project (id, user_id),
    constraint task_rule_fk foreign key (rule_id, rule_version) references rule_version (rule_id, version),
    constraint task_owner_pair check ((owner_node is null) = (owner_epoch is null)),
    constraint task_finished check ((finished_at is not null) = (status in ('completed', 'failed', 'cancelled')))
) with (fillfactor = 80);
-- Lists: newest first within a project.
create index task_project_idx on task (project_id, id);
-- Recovery, and lists of what is open.
create index task_open_idx on task (owner_node, id) where finished_at is null;
-- Lists of what went wrong, which is rare among much that went well.
create index task_ended_badly_idx on task (project_id, status, id) where status in ('failed', 'cancelled');
-- Lists by time.
create index task_created_brin on task using brin (created_at) with (pages_per_range = 32);
alter table task set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

create table artifact (
    id bigint generated always as identity primary key
        constraint artifact_id_range check (id between 1 and 9007199254740991),
    task_id bigint not null constraint artifact_task_fk references task (id),
    kind text not null constraint artifact_kind check (kind in ('parsed', 'result')),
    key text not null,
    size bigint not null constraint artifact_size check (size >= 0),
    sha256 text not null constraint artifact_sha256_length check (length(sha256) = 64),
    created_at timestamptz not null,
    constraint artifact_task_kind_key unique (task_id, kind)
);
