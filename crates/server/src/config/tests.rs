//! Cases of the whole: a file and variables in, a value or an error text out.

use std::io::Write;

use serde_json::{Value, json};

use super::*;

const LONG_SECRET: &str = "0123456789abcdef0123456789abcdef";

fn load(toml: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(toml.as_bytes()).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(file.path()), variables)
}

/// The value at a dotted key.
fn value_of(config: &Config, key: &str) -> Value {
    let whole = serde_json::to_value(config).unwrap();
    key.split('.').fold(whole, |value, part| value[part].clone())
}

#[test]
fn layers_win_in_order() {
    for (toml, variables, key, expected) in [
        ("", &[][..], "queue.max_pending", json!(100_000)),
        ("queue.max_pending = 7", &[], "queue.max_pending", json!(7)),
        ("queue.max_pending = 7", &[("MILLRACE_QUEUE__MAX_PENDING", "8")], "queue.max_pending", json!(8)),
        ("queue.max_pending = 7", &[("MILLRACE_QUEUE__BATCH_MAX", "9")], "queue.max_pending", json!(7)),
        ("", &[("MILLRACE_QUEUE__MAX_PENDING", "")], "queue.max_pending", json!(100_000)),
        ("", &[("MILLRACE_DATA_DIR", "/srv/millrace")], "data_dir", json!("/srv/millrace")),
        ("", &[("MILLRACE_STORE", "memory")], "store", json!("memory")),
        ("", &[("MILLRACE_SERVER__BIND", "[::1]:9")], "server.bind", json!("[::1]:9")),
        ("", &[("MILLRACE_QUEUE__CONCURRENCY__DOCUMENT", "5")], "queue.concurrency.document", json!(5)),
        ("", &[("MILLRACE_QUEUE__CONCURRENCY", "{ load = 3 }")], "queue.concurrency.load", json!(3)),
        ("", &[("MILLRACE_OBJECTS__ALLOW_HTTP", "true")], "objects.allow_http", json!(true)),
        ("", &[("MILLRACE_QUEUE__NODE_NAME", "007")], "queue.node_name", json!("007")),
        (
            "",
            &[("MILLRACE_UPLOAD__ALLOWED_EXTENSIONS", "pdf, csv")],
            "upload.allowed_extensions",
            json!(["pdf", "csv"]),
        ),
        ("", &[("MILLRACE_UPLOAD__ALLOWED_EXTENSIONS", "['pdf']")], "upload.allowed_extensions", json!(["pdf"])),
        ("", &[("MILLRACE_PARSERS__ORDER", "tesseract, local")], "parsers.order", json!(["tesseract", "local"])),
        ("", &[("MILLRACE_PARSERS__TESSERACT__DPI", "200")], "parsers.tesseract.dpi", json!(200)),
        ("", &[("MILLRACE_LLM__MAX_USAGE_DAYS", "31")], "llm.max_usage_days", json!(31)),
        ("", &[("MILLRACE_LOG__FORMAT", "json")], "log.format", json!("json")),
        ("[database.embedded]\nbin_dir = '/pg'", &[], "database.embedded.bin_dir", json!("/pg")),
        ("", &[("DATABASE_URL", "postgres://a:b@h/d")], "database.url", json!("postgres://a:***@h/d")),
        (
            "database.url = 'postgres://f/d'",
            &[("DATABASE_URL", "postgres://e/d")],
            "database.url",
            json!("postgres://f/d"),
        ),
        ("store = 'memory'", &[("DATABASE_URL", "postgres://e/d")], "database.url", Value::Null),
        (
            "",
            &[("MILLRACE_PG_BIN", "/x"), ("MILLRACE_TEST_X", "1"), ("MILLRACE_API_KEY", "k"), ("HOME", "/")],
            "log.filter",
            json!("info,actix_server=warn"),
        ),
    ] {
        let config = load(toml, variables).unwrap_or_else(|error| panic!("{toml:?} {variables:?}: {error}"));
        assert_eq!(value_of(&config, key), expected, "{toml:?} {variables:?}");
    }
}

#[test]
fn mistakes_name_their_place() {
    for (toml, variables, expected) in [
        ("queue.maxpending = 1", &[][..], "'queue.maxpending' in "),
        ("queue.maxpending = 1", &[], "unknown field `maxpending`, expected one of `node_name`, `max_pending`"),
        ("queu.max_pending = 1", &[], "'queu' in "),
        ("queue.max_pending = 'many'", &[], "'queue.max_pending' in "),
        ("queue.max_pending = 'many'", &[], "invalid type: string \"many\", expected u32"),
        ("queue.max_pending = -1", &[], "invalid value: integer `-1`, expected u32"),
        ("queue = 3", &[], "'queue' in "),
        ("store = 'redis'", &[], "unknown variant `redis`, expected `postgres` or `memory`"),
        ("server.bind = 'localhost'", &[], "'server.bind' in "),
        (
            "",
            &[("MILLRACE_QUEUE__MAX_PENDING", "many")],
            "environment variable MILLRACE_QUEUE__MAX_PENDING: 'many' is not a whole number",
        ),
        (
            "",
            &[("MILLRACE_QUEUE__MAXPENDING", "1")],
            "environment variable MILLRACE_QUEUE__MAXPENDING: unknown field `maxpending`",
        ),
        ("", &[("MILLRACE_STORE", "redis")], "environment variable MILLRACE_STORE: unknown variant `redis`"),
        ("", &[("MILLRACE_OBJECTS__ALLOW_HTTP", "maybe")], "'maybe' is not true or false"),
        ("", &[("MILLRACE_QUEUE", "fast")], "environment variable MILLRACE_QUEUE: "),
        ("[[auth.issuers]]\nissuer = 'x'", &[], "missing field `audience`"),
        ("[[llm.providers]]\nname = 'a'\nbase_url = 'http://h'\nmodel = 'x'", &[], "unknown field `model`"),
        ("[[llm.providers]]\nname = 'a'", &[], "missing field `base_url`"),
        ("queue.max_pending = ", &[], "is not valid TOML"),
    ] {
        let error = load(toml, variables).unwrap_err().to_string();
        assert!(error.contains(expected), "{toml:?} {variables:?}: {error}");
    }
}

#[test]
fn values_that_do_not_go_together_are_refused() {
    let model = |name: &str, url: &str| format!("[[llm.providers]]\nname = '{name}'\nbase_url = '{url}'");
    let issuer = |rest: &str| format!("[[auth.issuers]]\nissuer = 'x'\naudience = ['a']\n{rest}");
    for (toml, expected) in [
        ("queue.lease_renew_seconds = 11".to_owned(), "at most half of queue.lease_seconds"),
        ("queue.retry_base_ms = 70000".to_owned(), "queue.retry_base_ms must not exceed"),
        ("queue.max_pending = 0".to_owned(), "queue.max_pending must be at least 1"),
        ("queue.concurrency.document = 0".to_owned(), "queue.concurrency.document must be at least 1"),
        ("queue.batch_max = 5001".to_owned(), "queue.batch_max must be at most 5000"),
        ("queue.node_name = ' '".to_owned(), "queue.node_name must not be empty"),
        ("server.max_wait_seconds = 90".to_owned(), "server.max_wait_seconds must be less"),
        ("objects.orphan_grace_seconds = 600".to_owned(), "objects.orphan_grace_seconds must be greater"),
        ("parsers.wall_seconds = 601".to_owned(), "parsers.wall_seconds must not exceed"),
        ("parsers.memory_bytes = 1000".to_owned(), "parsers.memory_bytes must be at least"),
        ("parsers.order = []".to_owned(), "at least one parser"),
        ("parsers.order = ['local', 'local']".to_owned(), "names local twice"),
        ("parsers.order = ['local']\nparsers.tesseract.languages = ['eng']".to_owned(), "does not name tesseract"),
        ("parsers.mineru.url = 'mineru:8000'".to_owned(), "must begin with http://"),
        ("parsers.order = ['local']\nparsers.docling.url = 'http://h'".to_owned(), "does not name docling"),
        ("parsers.mineru.limits.deadline_ms = 600000".to_owned(), "deadline_ms must be less"),
        ("parsers.docling.limits.poll_first_ms = 16000".to_owned(), "must not exceed poll_max_ms"),
        ("parsers.docling.limits.concurrency = 0".to_owned(), "concurrency must be at least 1"),
        ("parsers.docling.table_mode = 'slow'".to_owned(), "accurate or fast"),
        ("parsers.mineru_cloud.token = 't'\nparsers.mineru_cloud.url = 'http://h'".to_owned(), "must be https"),
        ("parsers.mineru_cloud.source_url = 'https://h/'".to_owned(), "must have {sha256}"),
        ("parsers.mineru_cloud.callback_url = 'https://h'".to_owned(), "go together"),
        ("parsers.mineru_cloud.token = 't'\nparsers.mineru_cloud.uid = 'u'".to_owned(), "go together"),
        (
            "[parsers.mineru_cloud]\ntoken = 't'\nuid = 'u'\ncallback_url = 'h:80'".to_owned(),
            "callback_url must begin with http",
        ),
        ("parsers.tesseract.languages = ['../x']".to_owned(), "is no language code"),
        ("parsers.tesseract.dpi = 10".to_owned(), "from 70 to 1200"),
        ("parsers.tesseract.page_segmentation = 14".to_owned(), "from 0 to 13"),
        ("parsers.tesseract.page_seconds = 601".to_owned(), "parsers.tesseract.page_seconds must not exceed"),
        ("parsers.tesseract.memory_bytes = 1".to_owned(), "256 MiB"),
        ("parsers.workers = 2\nparsers.warm_workers = 3".to_owned(), "parsers.warm_workers"),
        ("upload.max_file_bytes = 9000000000".to_owned(), "upload.max_file_bytes must not exceed"),
        ("database.max_connections = 91".to_owned(), "must leave 10"),
        ("store = 'memory'\ndatabase.url = 'postgres://h/d'".to_owned(), "keeps nothing in a database"),
        ("database.url = 'mysql://h/d'".to_owned(), "must begin with postgres://"),
        ("log.filter = 'a=b=c'".to_owned(), "log.filter"),
        ("objects.url = 'ftp://x'".to_owned(), "objects.url must be"),
        ("objects.url = 's3://'".to_owned(), "objects.url must be"),
        ("objects.region = 'x'".to_owned(), "objects.region is for S3 only"),
        ("objects.url = 's3://b'\nobjects.access_key_id = 'x'".to_owned(), "go together"),
        ("objects.url = 's3://b'\nobjects.endpoint = 'http://h'".to_owned(), "plain http"),
        (format!("{}\napi_key = 'two words'", model("a", "http://h")), "visible ASCII characters"),
        ("llm.max_chunks = 0".to_owned(), "llm.max_chunks must be at least 1"),
        ("llm.max_usage_days = 0".to_owned(), "llm.max_usage_days must be from 1 to 3660"),
        ("llm.max_usage_days = 3661".to_owned(), "llm.max_usage_days must be from 1 to 3660"),
        ("llm.images.dpi = 1200".to_owned(), "llm.images.dpi must be from 36 to 600"),
        ("llm.default_provider = 'x'".to_owned(), "'x' is not one of llm.providers"),
        (model("a", "ftp://h"), "llm.providers 'a': base_url: an address begins with http"),
        (format!("{}\n{}", model("a", "http://h"), model("a", "http://i")), "llm.providers names 'a' twice"),
        (format!("{}\nmax_output_tokens = 16000", model("a", "http://h")), "max_output_tokens: at most half"),
        ("server.bind = '0.0.0.0:80'\nauth.api_keys_enabled = false".to_owned(), "nobody could log in"),
        ("server.bind = '0.0.0.0:80'\nauth.local_owner = true".to_owned(), "without credentials"),
        (issuer(""), "give either hs256_secret or jwks_url"),
        (issuer("hs256_secret = 'short'"), "at least 32 bytes"),
        (issuer("jwks_url = 'http://example.org/jwks'"), "jwks_url must be https"),
        (issuer(&format!("jwks_url = 'https://h'\nhs256_secret = '{LONG_SECRET}'")), "give either"),
        (format!("{0}\n{0}", issuer("jwks_url = 'https://h'")), "twice"),
    ] {
        let error = load(&toml, &[]).unwrap_err().to_string();
        assert!(error.contains(expected), "{toml:?}: {error}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let ConfigError::Invalid(problems) = load("queue.batch_max = 0\nqueue.poison_after = 0", &[]).unwrap_err() else {
        panic!("another error");
    };
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn limits_of_which_none_is_left_are_refused() {
    for key in [
        "parsers.max_uncompressed_bytes",
        "parsers.max_compression_ratio",
        "parsers.max_zip_entries",
        "parsers.max_output_bytes",
        "parsers.max_inline_rows",
        "parsers.max_inline_bytes",
        "parsers.max_rows_bytes",
        "rules.extract.max_fields",
        "rules.extract.max_depth",
        "rules.extract.max_regex_bytes",
        "rules.extract.max_regex_memory_bytes",
        "rules.extract.max_values",
        "rules.extract.max_output_bytes",
        "rules.extract.max_scanned_bytes",
        "rules.extract.max_cells",
        "llm.images.max_pages",
        "llm.images.max_pixels",
        "llm.images.max_bytes",
    ] {
        let error = load(&format!("{key} = 0"), &[]).unwrap_err().to_string();
        assert!(error.contains(&format!("{key} must be at least 1")), "{key}: {error}");
        assert_eq!(value_of(&load(&format!("{key} = 1"), &[]).unwrap(), key), json!(1));
    }
}

#[test]
fn good_installations_pass() {
    let s3 = "objects.url = 's3://b/p'\nobjects.endpoint = 'http://127.0.0.1:9000'\nobjects.allow_http = true\n";
    let keys = "objects.access_key_id = 'id'\nobjects.secret_access_key = 'top-secret'\n";
    load(&format!("{s3}{keys}"), &[]).unwrap();
    load("server.bind = '0.0.0.0:8080'", &[]).unwrap();
    let issuers = format!("[{{issuer='x', audience=['a'], hs256_secret='{LONG_SECRET}'}}]");
    let config = load("", &[("MILLRACE_AUTH__ISSUERS", issuers.as_str())]).unwrap();
    assert_eq!(config.auth.issuers[0].audience, ["a"]);
    let providers = "[{name='a', base_url='http://h/v1', api_key='k', prices={'*'={input=0.5, output=2}}}]";
    let config = load("", &[("MILLRACE_LLM__PROVIDERS", providers)]).unwrap();
    let provider = config.llm.providers[0].provider();
    assert_eq!(provider.api_key.unwrap().expose(), "k");
    assert_eq!(provider.definition.price("any").unwrap().output, 2.0);
    assert_eq!((provider.definition.context_tokens, provider.definition.max_output_tokens), (16_384, 4_096));
}

#[test]
fn secrets_show_nowhere() {
    let toml = format!(
        "database.url = 'postgres://u:hunter2@h/d'\nobjects.url = 's3://b'\nobjects.access_key_id = 'id'\n\
         objects.secret_access_key = 'hunter2'\nobjects.session_token = 'hunter2'\n\
         [[auth.issuers]]\nissuer = 'x'\naudience = ['a']\nhs256_secret = 'hunter2{LONG_SECRET}'\n\
         [[llm.providers]]\nname = 'a'\nbase_url = 'http://h'\napi_key = 'hunter2'"
    );
    let config = load(&toml, &[]).unwrap();
    for shown in [format!("{config:?}"), config.redacted_toml()] {
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("***"), "{shown}");
    }
}

#[test]
fn what_is_shown_can_be_read_again() {
    let config = load("queue.max_pending = 7", &[]).unwrap();
    assert_eq!(load(&config.redacted_toml(), &[]).unwrap(), config);
}

#[test]
fn a_named_file_must_exist() {
    let error = Config::load(Some(Path::new("/nonexistent/millrace.toml")), []).unwrap_err();
    assert!(matches!(error, ConfigError::Read { .. }));
}

/// Every key of the reference in `docs/operations.md` exists and has the default given there, and none is missing.
#[test]
fn the_reference_agrees_with_the_defaults() {
    let text = include_str!("../../../../docs/operations.md");
    let (_, text) = text.split_once("\n## Configuration\n").unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let mut documented: Vec<(String, String)> = rows
        .map(|(key, rest)| (key.to_owned(), rest.split(" | ").next().unwrap_or_default().trim_matches('`').to_owned()))
        .collect();
    let mut expected = Vec::new();
    flatten("", &serde_json::to_value(Config::default()).unwrap(), &mut expected);
    documented.sort();
    expected.sort();
    // A key without a default says in words what happens then.
    for ((key, shown), (expected_key, default)) in documented.iter().zip(&expected) {
        assert_eq!(key, expected_key);
        assert!(
            default.as_ref().is_none_or(|default| default == shown),
            "{key}: documented {shown}, default {default:?}"
        );
    }
    assert_eq!(documented.len(), expected.len());
}

fn flatten(prefix: &str, value: &Value, into: &mut Vec<(String, Option<String>)>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                flatten(&key, field, into);
            }
        }
        Value::Null => into.push((prefix.to_owned(), None)),
        Value::String(text) => into.push((prefix.to_owned(), Some(text.clone()))),
        other => into.push((prefix.to_owned(), Some(other.to_string()))),
    }
}
