//! What every operation shares: problem responses made from its `x-error-codes`, parameters, security, examples.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::content::Content;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    InfoBuilder, LicenseBuilder, OpenApi, PathItem, Ref, RefOr, Required, Schema, SecurityRequirement, Tag,
};

use super::overview;
use crate::auth::API_KEY_HEADER;
use crate::problem::{CATALOGUE, CatalogueEntry, FieldError, PROBLEM_JSON, ProblemBody, entry, status};
use crate::wire::Id;

/// Extension that lists the error codes of an operation. Handlers write the ones of their own; the rest is added here.
pub const ERROR_CODES: &str = "x-error-codes";

/// Completes a collected document.
pub fn complete(mut document: OpenApi) -> OpenApi {
    document.info = InfoBuilder::new()
        .title("Millrace")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(overview::TEXT))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build()))
        .build();
    document.servers = None;
    document.tags = Some(
        overview::TAGS
            .iter()
            .map(|(name, description)| {
                let mut tag = Tag::new(*name);
                tag.description = Some((*description).to_owned());
                tag
            })
            .collect(),
    );
    add_components(&mut document);
    let examples = schema_examples(&document);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            complete_operation(path, method, operation, &examples);
        }
    }
    document
}

/// The operations of a path with their methods.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [("GET", &mut item.get), ("POST", &mut item.post), ("PUT", &mut item.put), ("DELETE", &mut item.delete)]
        .into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn add_components(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    let mut schemas: Vec<(String, RefOr<Schema>)> = vec![
        ("Id".to_owned(), <Id as utoipa::PartialSchema>::schema()),
        ("Problem".to_owned(), <ProblemBody<'_> as utoipa::PartialSchema>::schema()),
        ("FieldError".to_owned(), <FieldError as utoipa::PartialSchema>::schema()),
    ];
    <ProblemBody<'_> as ToSchema>::schemas(&mut schemas);
    components.schemas.extend(schemas);
    for known in CATALOGUE {
        components.examples.insert(known.code.to_owned(), RefOr::T(problem_example(known)));
    }
    components.add_security_scheme(
        "bearer",
        SecurityScheme::Http(
            Http::builder()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some("An API key (`mlr_live_…`) or a token of a configured issuer."))
                .build(),
        ),
    );
    components.add_security_scheme(
        "api_key",
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("X-API-Key", "An API key."))),
    );
    debug_assert!(API_KEY_HEADER.eq_ignore_ascii_case("X-API-Key"));
}

fn complete_operation(path: &str, method: &str, operation: &mut Operation, examples: &BTreeMap<String, Value>) {
    let protected = path.starts_with("/api/");
    if protected && operation.security.is_none() {
        let requirement = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
        operation.security = Some(vec![requirement("bearer"), requirement("api_key")]);
    }
    if !protected {
        operation.security = Some(Vec::new());
    }
    add_parameters(path, method, operation);
    add_problems(path, method, operation);
    fill_examples(operation, examples);
}

/// Ids in the path, and the header that every POST of a caller takes.
fn add_parameters(path: &str, method: &str, operation: &mut Operation) {
    let parameters = operation.parameters.get_or_insert_default();
    for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        let known = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(known) if known.name == name);
        if parameters.iter().any(known) {
            continue;
        }
        let noun = name.trim_end_matches("_id").replace('_', " ");
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(format!("Id of the {noun}.")))
            .schema(Some(Ref::from_schema_name("Id")))
            .build();
        parameters.push(RefOr::T(parameter));
    }
    let declared = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(one) if one.name == "Idempotency-Key");
    if method == "POST" && path.starts_with("/api/") && !parameters.iter().any(declared) {
        let schema = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255)).build();
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "Makes repeats safe: a repeat with the same key and content gets the first answer, with \
                 `Idempotency-Replayed: true`, and nothing is done twice. Kept for 24 hours by default.",
            ))
            .schema(Some(schema))
            .build();
        parameters.push(RefOr::T(parameter));
    }
}

/// Codes that follow from the shape of an operation.
fn common_codes(path: &str, method: &str, operation: &Operation) -> Vec<&'static str> {
    let mut codes = vec!["unknown_field", "internal"];
    if path.starts_with("/api/") {
        codes.extend(["missing_credentials", "invalid_credentials", "forbidden", "unavailable"]);
    }
    if path.contains('{') {
        codes.push("invalid_id");
    }
    for parameter in operation.parameters.iter().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        if parameter.parameter_in == ParameterIn::Query {
            codes.extend(["invalid_value", "invalid_id"]);
            if matches!(parameter.required, Required::True) {
                codes.push("missing_field");
            }
        }
    }
    if let Some(RefOr::T(body)) = &operation.request_body {
        codes.extend(["request_too_large", "unsupported_media_type", "invalid", "missing_field", "invalid_value"]);
        if body.content.contains_key("application/json") {
            codes.extend(["invalid_json", "invalid_id"]);
        }
    }
    if method == "POST" && path.starts_with("/api/") {
        codes.extend(["invalid_idempotency_key", "idempotency_key_in_use", "idempotency_key_reused"]);
    }
    codes
}

fn add_problems(path: &str, method: &str, operation: &mut Operation) {
    let own = operation.extensions.as_ref().and_then(|extensions| extensions.get(ERROR_CODES)).cloned();
    let own: Vec<String> = own.and_then(|codes| serde_json::from_value(codes).ok()).unwrap_or_default();
    let mut codes: BTreeSet<String> = own.into_iter().collect();
    codes.extend(common_codes(path, method, operation).into_iter().map(str::to_owned));
    let mut by_status: BTreeMap<u16, Vec<&'static CatalogueEntry>> = BTreeMap::new();
    for known in codes.iter().filter_map(|code| entry(code)) {
        by_status.entry(status(known.kind).as_u16()).or_default().push(known);
    }
    for (code, entries) in by_status {
        operation.responses.responses.entry(code.to_string()).or_insert_with(|| RefOr::T(problem_response(&entries)));
    }
    let extensions = Extensions::builder().add(ERROR_CODES, json!(codes)).build();
    match &mut operation.extensions {
        Some(known) => known.merge(extensions),
        None => operation.extensions = Some(extensions),
    }
}

fn problem_response(entries: &[&'static CatalogueEntry]) -> utoipa::openapi::Response {
    let mut content = Content::new(Some(Ref::from_schema_name("Problem")));
    for known in entries {
        let example = Ref::new(format!("#/components/examples/{}", known.code));
        content.examples.insert(known.code.to_owned(), RefOr::Ref(example));
    }
    let description: Vec<_> = entries.iter().map(|known| format!("{} (`{}`).", known.title, known.code)).collect();
    ResponseBuilder::new().description(description.join(" ")).content(PROBLEM_JSON, content).build()
}

/// One example for each code of the catalogue, which the operations refer to.
fn problem_example(known: &CatalogueEntry) -> Example {
    let value = json!({
        "type": format!("/problems/{}", known.code),
        "title": known.title,
        "status": status(known.kind).as_u16(),
        "detail": known.title.to_lowercase(),
        "code": known.code,
        "request_id": "5f0c1a2b3c4d5e6f",
        "retryable": known.kind.retryable(),
        "errors": [],
    });
    ExampleBuilder::new().summary(known.title).description(known.description).value(Some(value)).build()
}

/// The examples that wire types carry, by schema name.
fn schema_examples(document: &OpenApi) -> BTreeMap<String, Value> {
    let schemas = document.components.iter().flat_map(|components| &components.schemas);
    schemas
        .filter_map(|(name, schema)| {
            let value = serde_json::to_value(schema).ok()?;
            Some((name.clone(), value.get("example")?.clone()))
        })
        .collect()
}

/// Gives each body without an example that of its type.
fn fill_examples(operation: &mut Operation, examples: &BTreeMap<String, Value>) {
    let mut bodies: Vec<&mut Content> = Vec::new();
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        bodies.extend(body.content.values_mut().filter_map(plain));
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            bodies.extend(response.content.values_mut().filter_map(plain));
        }
    }
    for content in bodies {
        if content.example.is_some() || !content.examples.is_empty() {
            continue;
        }
        if let Some(RefOr::Ref(reference)) = &content.schema {
            let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
            content.example = examples.get(name).cloned();
        }
    }
}

fn plain(content: &mut RefOr<Content>) -> Option<&mut Content> {
    match content {
        RefOr::T(content) => Some(content),
        RefOr::Ref(_) => None,
    }
}
