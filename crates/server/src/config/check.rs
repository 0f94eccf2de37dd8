//! What serde cannot see: ranges, and values that do not go together.

use super::engines::{EngineName, RemoteLimits};
use super::network::{AuthConfig, IssuerConfig};
use super::storage::{ObjectsConfig, StoreKind};
use super::{Config, ConfigError, key_bytes};

/// Least length of an HS256 secret, in bytes (RFC 7518, section 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// Collects problems, so that all are told at once.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn unless(&mut self, fine: bool, problem: impl Into<String>) {
        if !fine {
            self.0.push(problem.into());
        }
    }
}

/// Checks the whole configuration.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let mut problems = Problems::default();
    ranges(config, &mut problems);
    times_and_sizes(config, &mut problems);
    stores(config, &mut problems);
    objects(&config.objects, &mut problems);
    engines(config, &mut problems);
    problems.0.extend(config.llm.problems());
    remotes(config, &mut problems);
    auth(config, &mut problems);
    secrets(config, &mut problems);
    if problems.0.is_empty() { Ok(()) } else { Err(ConfigError::Invalid(problems.0)) }
}

/// Numbers for which 0 would mean that nothing ever works.
fn ranges(config: &Config, problems: &mut Problems) {
    let Config { server, database, queue, parsers, rules, llm, upload, idempotency, .. } = config;
    for (key, value) in [
        ("server.max_body_bytes", server.max_body_bytes),
        ("server.request_timeout_seconds", server.request_timeout_seconds),
        ("server.workers", server.workers.map_or(1, u64::from)),
        ("database.max_connections", database.max_connections.into()),
        ("database.connect_timeout_seconds", database.connect_timeout_seconds),
        ("database.embedded.shared_buffers_mb", database.embedded.shared_buffers_mb.into()),
        ("database.embedded.start_timeout_seconds", database.embedded.start_timeout_seconds),
        ("queue.max_pending", queue.max_pending.into()),
        ("queue.concurrency.document", queue.concurrency.document.map_or(1, u64::from)),
        ("queue.concurrency.load", queue.concurrency.load.into()),
        ("queue.concurrency.query", queue.concurrency.query.into()),
        ("queue.lease_seconds", queue.lease_seconds),
        ("queue.lease_renew_seconds", queue.lease_renew_seconds),
        ("queue.max_attempts", queue.max_attempts.into()),
        ("queue.poison_after", queue.poison_after.into()),
        ("queue.task_timeout_seconds", queue.task_timeout_seconds),
        ("queue.batch_max", queue.batch_max.into()),
        ("parsers.workers", parsers.workers.map_or(1, u64::from)),
        ("parsers.documents_per_worker", parsers.documents_per_worker.into()),
        ("parsers.max_file_bytes", parsers.max_file_bytes),
        ("parsers.max_pages", parsers.max_pages.into()),
        ("parsers.max_uncompressed_bytes", parsers.max_uncompressed_bytes),
        ("parsers.max_compression_ratio", parsers.max_compression_ratio),
        ("parsers.max_zip_entries", parsers.max_zip_entries.into()),
        ("parsers.max_output_bytes", parsers.max_output_bytes),
        ("parsers.max_inline_rows", parsers.max_inline_rows.into()),
        ("parsers.max_inline_bytes", parsers.max_inline_bytes),
        ("parsers.max_rows_bytes", parsers.max_rows_bytes),
        ("parsers.cpu_seconds", parsers.cpu_seconds),
        ("parsers.wall_seconds", parsers.wall_seconds),
        ("rules.test_max_file_bytes", rules.test_max_file_bytes),
        ("rules.test_concurrency", rules.test_concurrency.into()),
        ("rules.test_timeout_seconds", rules.test_timeout_seconds),
        ("rules.extract.max_fields", rules.extract.max_fields.into()),
        ("rules.extract.max_depth", rules.extract.max_depth.into()),
        ("rules.extract.max_regex_bytes", rules.extract.max_regex_bytes.into()),
        ("rules.extract.max_regex_memory_bytes", rules.extract.max_regex_memory_bytes.into()),
        ("rules.extract.max_values", rules.extract.max_values.into()),
        ("rules.extract.max_output_bytes", rules.extract.max_output_bytes),
        ("rules.extract.max_scanned_bytes", rules.extract.max_scanned_bytes),
        ("rules.extract.max_cells", rules.extract.max_cells),
        ("upload.max_file_bytes", upload.max_file_bytes),
        ("llm.max_chunks", llm.max_chunks.into()),
        ("llm.request_attempts", llm.request_attempts.into()),
        ("llm.images.max_pages", llm.images.max_pages.into()),
        ("llm.images.max_pixels", llm.images.max_pixels),
        ("llm.images.max_bytes", llm.images.max_bytes),
        ("upload.max_files_per_request", upload.max_files_per_request.into()),
        ("idempotency.retention_hours", idempotency.retention_hours.into()),
    ] {
        problems.unless(value > 0, format!("{key} must be at least 1"));
    }
    problems.unless(!queue.node_name.trim().is_empty(), "queue.node_name must not be empty");
    let least = 64 << 20;
    problems.unless(parsers.memory_bytes >= least, format!("parsers.memory_bytes must be at least {least} (64 MiB)"));
}

fn times_and_sizes(config: &Config, problems: &mut Problems) {
    let Config { server, queue, parsers, upload, database, .. } = config;
    problems.unless(
        queue.lease_renew_seconds.saturating_mul(2) <= queue.lease_seconds,
        "queue.lease_renew_seconds must be at most half of queue.lease_seconds, so that one lost renewal does not lose the lease",
    );
    problems
        .unless(queue.retry_base_ms <= queue.retry_max_ms, "queue.retry_base_ms must not exceed queue.retry_max_ms");
    problems.unless(queue.batch_max <= 5_000, "queue.batch_max must be at most 5000");
    problems.unless(
        config.objects.orphan_grace_seconds > config.queue.task_timeout_seconds,
        "objects.orphan_grace_seconds must be greater than queue.task_timeout_seconds",
    );
    problems.unless(
        server.max_wait_seconds < server.request_timeout_seconds,
        "server.max_wait_seconds must be less than server.request_timeout_seconds",
    );
    problems.unless(
        parsers.wall_seconds <= queue.task_timeout_seconds,
        "parsers.wall_seconds must not exceed queue.task_timeout_seconds",
    );
    problems.unless(
        upload.max_file_bytes <= upload.max_request_bytes,
        "upload.max_file_bytes must not exceed upload.max_request_bytes",
    );
    problems.unless(
        parsers.warm_workers <= parsers.workers_or_default(),
        "parsers.warm_workers must not exceed parsers.workers",
    );
    problems.unless(
        database.url.is_some() || database.max_connections.saturating_add(10) <= database.embedded.max_connections,
        "database.max_connections must leave 10 of database.embedded.max_connections to others",
    );
}

fn stores(config: &Config, problems: &mut Problems) {
    problems.unless(
        config.store == StoreKind::Postgres || config.database.url.is_none(),
        "store = \"memory\" keeps nothing in a database; remove database.url, or set store = \"postgres\"",
    );
    if let Some(url) = &config.database.url {
        let known = ["postgres://", "postgresql://"].iter().any(|scheme| url.expose().starts_with(scheme));
        problems.unless(known, "database.url must begin with postgres:// or postgresql://");
    }
    if let Err(error) = tracing_subscriber::EnvFilter::try_new(&config.log.filter) {
        problems.0.push(format!("log.filter: {error}"));
    }
}

fn objects(objects: &ObjectsConfig, problems: &mut Problems) {
    let url = objects.url.as_deref().unwrap_or("file:///");
    if url.starts_with("file:///") {
        let s3_only = [
            ("endpoint", objects.endpoint.is_some()),
            ("region", objects.region.is_some()),
            ("access_key_id", objects.access_key_id.is_some()),
            ("secret_access_key", objects.secret_access_key.is_some()),
            ("session_token", objects.session_token.is_some()),
        ];
        for (key, set) in s3_only {
            problems.unless(!set, format!("objects.{key} is for S3 only; objects.url must then be s3://bucket/prefix"));
        }
        return;
    }
    let bucket = url.strip_prefix("s3://").map(|rest| rest.split('/').next().unwrap_or_default());
    problems.unless(
        bucket.is_some_and(|bucket| !bucket.is_empty()),
        "objects.url must be file:///absolute/folder or s3://bucket/prefix",
    );
    problems.unless(
        objects.access_key_id.is_some() == objects.secret_access_key.is_some(),
        "objects.access_key_id and objects.secret_access_key go together",
    );
    let plain = objects.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    problems.unless(
        !plain || objects.allow_http,
        "objects.endpoint is plain http; set objects.allow_http = true if the network is trusted",
    );
}

/// Ways to parse: each at most once, and none that takes longer than a task may.
fn engines(config: &Config, problems: &mut Problems) {
    let parsers = &config.parsers;
    problems.unless(!parsers.order.is_empty(), "parsers.order must name at least one parser");
    for (index, name) in parsers.order.iter().enumerate() {
        let twice = parsers.order.iter().take(index).any(|other| other == name);
        problems.unless(!twice, format!("parsers.order names {} twice", name.as_str()));
    }
    let tesseract = &parsers.tesseract;
    problems.unless(
        !tesseract.is_wanted() || parsers.order.contains(&EngineName::Tesseract),
        "parsers.tesseract is configured, but parsers.order does not name tesseract",
    );
    problems.unless(
        tesseract.page_seconds <= config.queue.task_timeout_seconds,
        "parsers.tesseract.page_seconds must not exceed queue.task_timeout_seconds",
    );
    problems.0.extend(tesseract.problems().into_iter().map(|problem| format!("parsers.tesseract.{problem}")));
}

fn secrets(config: &Config, problems: &mut Problems) {
    for key in config.secrets.key.iter().chain(&config.secrets.previous_keys) {
        let fine = key_bytes(key).is_some();
        problems.unless(fine, "secrets.key and secrets.previous_keys are 64 hex digits each (openssl rand -hex 32)");
    }
}

/// Remote parsers: addresses of HTTP, and limits under which something can work.
fn remotes(config: &Config, problems: &mut Problems) {
    let (mineru, cloud, docling) = (&config.parsers.mineru, &config.parsers.mineru_cloud, &config.parsers.docling);
    let cloud_url = cloud.token.as_ref().map(|_| &cloud.url);
    for (name, url, limits) in [
        (EngineName::Mineru, mineru.url.as_ref(), &mineru.limits),
        (EngineName::MineruCloud, cloud_url, &cloud.limits),
        (EngineName::Docling, docling.url.as_ref(), &docling.limits),
    ] {
        let key = name.as_str();
        let is_http = url.is_none_or(|url| url.starts_with("http://") || url.starts_with("https://"));
        problems.unless(is_http, format!("parsers.{key}.url must begin with http:// or https://"));
        problems.unless(
            url.is_none() || config.parsers.order.contains(&name),
            format!("parsers.{key} is configured, but parsers.order does not name {key}"),
        );
        let RemoteLimits { concurrency, deadline_ms, request_timeout_ms, poll_first_ms, poll_max_ms, .. } = limits;
        for (limit, value) in [
            ("concurrency", u64::from(*concurrency)),
            ("request_timeout_ms", *request_timeout_ms),
            ("poll_first_ms", *poll_first_ms),
        ] {
            problems.unless(value > 0, format!("parsers.{key}.limits.{limit} must be at least 1"));
        }
        problems.unless(
            poll_first_ms <= poll_max_ms,
            format!("parsers.{key}.limits.poll_first_ms must not exceed poll_max_ms"),
        );
        problems.unless(
            *deadline_ms < config.queue.task_timeout_seconds.saturating_mul(1_000),
            format!("parsers.{key}.limits.deadline_ms must be less than queue.task_timeout_seconds"),
        );
    }
    let is_safe = cloud.url.starts_with("https://") || local_address(&cloud.url);
    problems.unless(cloud.token.is_none() || is_safe, "parsers.mineru_cloud.url must be https: a token goes there");
    let is_filled = cloud.source_url.as_ref().is_none_or(|url| url.contains("{sha256}"));
    problems.unless(is_filled, "parsers.mineru_cloud.source_url must have {sha256} in it");
    let is_public = cloud.callback_url.as_ref().is_none_or(|url| {
        (url.starts_with("http://") || url.starts_with("https://")) && !url.contains(['?', '#']) && !url.contains(' ')
    });
    problems
        .unless(is_public, "parsers.mineru_cloud.callback_url must begin with http:// or https:// and have no query");
    let has_uid = cloud.uid.as_ref().is_some_and(|uid| !uid.is_empty());
    problems.unless(
        cloud.callback_url.is_some() == has_uid && (!has_uid || cloud.token.is_some()),
        "parsers.mineru_cloud.callback_url, uid and token go together: callbacks are checked by the id of the account",
    );
    let is_mode = ["accurate", "fast"].contains(&docling.table_mode.as_str());
    problems.unless(is_mode, "parsers.docling.table_mode must be accurate or fast");
}

/// Whether an address is of this machine, where plain HTTP harms nobody.
fn local_address(url: &str) -> bool {
    ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"].iter().any(|start| url.starts_with(start))
}

fn auth(config: &Config, problems: &mut Problems) {
    let AuthConfig { api_keys_enabled, local_owner, issuers } = &config.auth;
    let bind = config.server.bind;
    problems.unless(
        config.server.is_loopback() || *api_keys_enabled || !issuers.is_empty(),
        format!("server.bind = \"{bind}\" is reachable from outside, but nobody could log in: enable auth.api_keys_enabled or add auth.issuers"),
    );
    problems.unless(
        config.server.is_loopback() || *local_owner != Some(true),
        format!("auth.local_owner lets everyone in without credentials; with server.bind = \"{bind}\" that would be the whole network"),
    );
    for (index, one) in issuers.iter().enumerate() {
        issuer(one, problems);
        let twice = issuers.iter().take(index).any(|other| other.issuer == one.issuer);
        problems.unless(!twice, format!("auth.issuers names '{}' twice", one.issuer));
    }
}

fn issuer(issuer: &IssuerConfig, problems: &mut Problems) {
    let IssuerConfig { issuer: name, audience, hs256_secret, jwks_url } = issuer;
    problems.unless(!name.is_empty(), "auth.issuers: issuer must not be empty");
    problems.unless(!audience.is_empty(), format!("auth.issuers '{name}': audience must name at least one"));
    problems.unless(
        hs256_secret.is_some() != jwks_url.is_some(),
        format!("auth.issuers '{name}': give either hs256_secret or jwks_url"),
    );
    if let Some(secret) = hs256_secret {
        let long_enough = secret.expose().len() >= MIN_SECRET_BYTES;
        problems.unless(
            long_enough,
            format!("auth.issuers '{name}': hs256_secret must have at least {MIN_SECRET_BYTES} bytes"),
        );
    }
    if let Some(url) = jwks_url {
        let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|start| url.starts_with(start));
        problems.unless(url.starts_with("https://") || local, format!("auth.issuers '{name}': jwks_url must be https"));
    }
}
