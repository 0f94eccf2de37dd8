// @generated automatically by Diesel CLI.

diesel::table! {
    api_key (id) {
        id -> Int8,
        user_id -> Int8,
        name -> Text,
        prefix -> Text,
        hash -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    app_user (id) {
        id -> Int8,
        issuer -> Text,
        subject -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    artifact (id) {
        id -> Int8,
        task_id -> Int8,
        kind -> Text,
        key -> Text,
        size -> Int8,
        sha256 -> Text,
        created_at -> Timestamptz,
        source_sha256 -> Nullable<Text>,
        fingerprint -> Nullable<Text>,
    }
}

diesel::table! {
    event (id) {
        id -> Int8,
        user_id -> Int8,
        project_id -> Int8,
        task_id -> Nullable<Int8>,
        table_id -> Nullable<Int8>,
        name -> Text,
        payload -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    idempotency_receipt (user_id, operation, key) {
        user_id -> Int8,
        operation -> Text,
        key -> Text,
        fingerprint -> Bytea,
        status -> Int2,
        body -> Text,
        location -> Nullable<Text>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    json_segment (table_id, path) {
        table_id -> Int8,
        path -> Text,
        value -> Jsonb,
        task_id -> Nullable<Int8>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    json_table (id) {
        id -> Int8,
        user_id -> Int8,
        project_id -> Int8,
        name -> Text,
        description -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    model_provider (id) {
        id -> Int8,
        user_id -> Int8,
        name -> Text,
        definition -> Jsonb,
        sealed_with -> Nullable<Text>,
        sealed_key -> Nullable<Bytea>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    model_usage (project_id, day, provider, model) {
        project_id -> Int8,
        day -> Date,
        provider -> Text,
        model -> Text,
        requests -> Int8,
        input_tokens -> Int8,
        output_tokens -> Int8,
        cost_usd -> Float8,
    }
}

diesel::table! {
    mount (id) {
        id -> Int8,
        task_id -> Int8,
        user_id -> Int8,
        table_id -> Int8,
        json_path -> Text,
        key -> Text,
        path -> Text,
        conflict -> Text,
        state -> Text,
        automatic -> Bool,
        element -> Nullable<Jsonb>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    node (id) {
        id -> Int8,
        name -> Text,
        epoch -> Int8,
        started_at -> Timestamptz,
        lease_until -> Timestamptz,
    }
}

diesel::table! {
    project (id) {
        id -> Int8,
        user_id -> Int8,
        name -> Text,
        description -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    rule (id) {
        id -> Int8,
        user_id -> Nullable<Int8>,
        latest_version -> Int4,
        created_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    rule_version (rule_id, version) {
        rule_id -> Int8,
        version -> Int4,
        name -> Text,
        description -> Text,
        mode -> Text,
        json_schema -> Jsonb,
        system_prompt -> Nullable<Text>,
        model -> Nullable<Text>,
        created_at -> Timestamptz,
        options -> Jsonb,
    }
}

diesel::table! {
    task (id) {
        id -> Int8,
        user_id -> Int8,
        project_id -> Int8,
        kind -> Text,
        status -> Text,
        priority -> Int2,
        progress -> Int2,
        attempt -> Int4,
        attempt_epoch -> Int8,
        started_epoch -> Nullable<Int8>,
        recoveries -> Int4,
        recovered -> Bool,
        owner_node -> Nullable<Int8>,
        owner_epoch -> Nullable<Int8>,
        rule_id -> Nullable<Int8>,
        rule_version -> Nullable<Int4>,
        upload_id -> Nullable<Int8>,
        run_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        transforming_at -> Nullable<Timestamptz>,
        cancel_requested_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        filename -> Text,
        spec -> Jsonb,
        result -> Nullable<Jsonb>,
        mounted -> Nullable<Jsonb>,
        error -> Nullable<Jsonb>,
        spent -> Nullable<Jsonb>,
    }
}

diesel::table! {
    token_usage (project_id, day) {
        project_id -> Int8,
        day -> Date,
        tokens -> Int8,
        cost_usd -> Float8,
    }
}

diesel::table! {
    upload (id) {
        id -> Int8,
        user_id -> Int8,
        project_id -> Int8,
        key -> Text,
        sha256 -> Text,
        size -> Int8,
        media_type -> Text,
        filename -> Text,
        path -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::joinable!(api_key -> app_user (user_id));
diesel::joinable!(artifact -> task (task_id));
diesel::joinable!(idempotency_receipt -> app_user (user_id));
diesel::joinable!(json_segment -> json_table (table_id));
diesel::joinable!(model_provider -> app_user (user_id));
diesel::joinable!(model_usage -> project (project_id));
diesel::joinable!(mount -> json_table (table_id));
diesel::joinable!(mount -> task (task_id));
diesel::joinable!(project -> app_user (user_id));
diesel::joinable!(rule -> app_user (user_id));
diesel::joinable!(rule_version -> rule (rule_id));
diesel::joinable!(task -> upload (upload_id));
diesel::joinable!(token_usage -> project (project_id));

diesel::allow_tables_to_appear_in_same_query!(
    api_key,
    app_user,
    artifact,
    event,
    idempotency_receipt,
    json_segment,
    json_table,
    model_provider,
    model_usage,
    mount,
    node,
    project,
    rule,
    rule_version,
    task,
    token_usage,
    upload,
);
