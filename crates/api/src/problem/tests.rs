use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use actix_web::body::MessageBody;
use serde_json::Value;

use super::*;

fn body(problem: &Problem) -> (StatusCode, Value) {
    let response = problem.error_response();
    let status = response.status();
    let bytes = response.into_body().try_into_bytes().expect("a whole body");
    (status, serde_json::from_slice(&bytes).expect("JSON"))
}

#[test]
fn codes_are_unique_and_ordered_by_status() {
    let codes: BTreeSet<_> = CATALOGUE.iter().map(|entry| entry.code).collect();
    assert_eq!(codes.len(), CATALOGUE.len());
    assert!(CATALOGUE.is_sorted_by_key(|entry| (status(entry.kind).as_u16(), entry.kind as u8)));
    for entry in CATALOGUE {
        assert!(entry.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", entry.code);
        assert!(entry.description.ends_with('.'), "{}", entry.code);
    }
}

#[test]
fn an_internal_error_says_nothing() {
    let (status, body) = body(&Fault::internal("secret password").into());
    assert_eq!(status, 500);
    assert_eq!(body["detail"], "internal error");
    assert!(!body.to_string().contains("secret"));
}

#[test]
fn a_fault_keeps_its_code_and_pointer() {
    let (status, body) = body(&Fault::invalid("invalid_pointer", "bad").at("/json_path").into());
    assert_eq!(status, 400);
    assert_eq!(body["code"], "invalid_pointer");
    assert_eq!(body["type"], "/problems/invalid_pointer");
    assert_eq!(body["errors"][0]["pointer"], "/json_path");
    assert_eq!(body["retryable"], false);
}

#[test]
fn an_unknown_code_falls_back_to_its_kind() {
    let problem = Problem::from(Fault::conflict("never_heard_of", "no"));
    assert_eq!(problem.code(), "conflict");
    assert_eq!(problem.status_code(), 409);
}

#[test]
fn a_full_queue_says_when_to_come_back() {
    let response = Problem::new("queue_full", "full").error_response();
    assert_eq!(response.status(), 429);
    assert!(response.headers().contains_key("retry-after"));
}

/// Codes that other crates give to a [`Fault`] reach clients, so the catalogue must know them.
#[test]
fn every_code_of_the_workspace_is_in_the_catalogue() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut missing = BTreeSet::new();
    let mut seen = 0;
    for name in ["api", "domain", "repository", "queue", "pipeline-handlers"] {
        for file in rust_files(&crates.join(name).join("src")) {
            let text = std::fs::read_to_string(&file).expect("readable source");
            if file.ends_with("api/src/problem/tests.rs") {
                continue;
            }
            for code in fault_codes(&text) {
                seen += 1;
                if entry(&code).is_none() && code != "never_heard_of" {
                    missing.insert(format!("{code} in {}", file.display()));
                }
            }
        }
    }
    assert!(seen > 10, "the search found only {seen} codes: has the way of writing a Fault changed?");
    assert!(missing.is_empty(), "not in the catalogue: {missing:#?}");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The first string literal after each constructor of a fault or problem, if it looks like a code.
fn fault_codes(text: &str) -> Vec<String> {
    let constructors =
        ["Fault::invalid(", "Fault::not_found(", "Fault::conflict(", "Self::not_found(", "Problem::new("];
    let mut codes = Vec::new();
    for constructor in constructors {
        for (at, _) in text.match_indices(constructor) {
            let rest = text[at + constructor.len()..].trim_start();
            let code = rest.strip_prefix('"').and_then(|rest| rest.split('"').next());
            codes.extend(code.map(str::to_owned));
        }
    }
    for (at, _) in text.match_indices("Fault::new(ErrorKind::") {
        let argument = text[at..].split(',').nth(1).unwrap_or_default().trim();
        let constant = format!("const {argument}: &str = \"");
        let quoted = if argument.starts_with('"') { Some(argument) } else { text.split(&constant).nth(1) };
        let code = quoted.and_then(|text| text.trim_start_matches('"').split('"').next());
        codes.extend(code.map(str::to_owned));
    }
    codes.retain(|code| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
    codes
}

#[test]
fn the_documentation_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    if std::env::var_os("MILLRACE_UPDATE_DOCS").is_some() {
        std::fs::write(&path, errors_markdown()).expect("writable docs");
    }
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == errors_markdown(),
        "docs/errors.md differs from the catalogue: run `MILLRACE_UPDATE_DOCS=1 cargo test -p millrace-api documentation`"
    );
}
