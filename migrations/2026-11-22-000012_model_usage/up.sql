-- What projects use of each model, by day (UTC). What is set aside for requests stays in token_usage.

create table model_usage (
    project_id bigint not null constraint model_usage_project_fk references project (id) on delete cascade,
    day date not null,
    provider text not null,
    model text not null,
    requests bigint not null constraint model_usage_requests check (requests >= 0),
    input_tokens bigint not null constraint model_usage_input_tokens check (input_tokens >= 0),
    output_tokens bigint not null constraint model_usage_output_tokens check (output_tokens >= 0),
    cost_usd double precision not null constraint model_usage_cost check (cost_usd >= 0),
    primary key (project_id, day, provider, model)
);
