-- What projects use of language models, by day (UTC). Tokens set aside for a request count until it is settled.

create table token_usage (
    project_id bigint not null constraint token_usage_project_fk references project (id) on delete cascade,
    day date not null,
    tokens bigint not null constraint token_usage_tokens check (tokens >= 0),
    cost_usd double precision not null constraint token_usage_cost check (cost_usd >= 0),
    primary key (project_id, day)
);
