//! `rules`: list them, move them between installations as files, try them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use rand::Rng;
use rand::distr::Alphanumeric;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::api_client::{ApiClient, ServerArgs};
use super::parse_options::ParseArgs;
use super::wire::{Rule, Trial};
use super::{Settings, lookup, terminal};

const PATH: &str = "/api/v1/etl/rules";

/// What `rules` takes.
#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the rules at their latest versions
    List,
    /// Write rules as one file, to standard output or to --output
    Export {
        /// Their ids, from 'rules list'
        #[arg(required = true, value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
        ids: Vec<i64>,
        /// The file to write
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Store all rules of a file as new rules, or none
    Import {
        /// The file, from 'rules export'
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Try a rule on a document and print the result; nothing is stored
    Test(TestArgs),
}

#[derive(Debug, Args)]
struct TestArgs {
    /// The rule: its id, or a JSON file with its definition
    #[arg(value_name = "ID|FILE")]
    rule: String,
    /// The document
    #[arg(value_name = "PATH", required_unless_present = "task", conflicts_with = "task")]
    path: Option<PathBuf>,
    /// Take the document that this task has parsed
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    task: Option<i64>,
    /// The project whose budgets it counts against: its id, or its name
    #[arg(long, value_name = "ID|NAME")]
    project: Option<String>,
    /// Print everything: the result with its citations, the steps, the tokens
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    parse: ParseArgs,
}

/// Does it.
///
/// # Errors
/// When the server refuses or does not answer, or a file cannot be read or written.
pub(super) async fn run(args: RulesArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let api = ApiClient::new(&args.server, settings)?;
    match args.action {
        Action::List => list(&api).await?,
        Action::Export { ids, output } => export(&api, &ids, output.as_deref()).await?,
        Action::Import { file } => import(&api, &file).await?,
        Action::Test(args) => test(&api, &args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(api: &ApiClient) -> anyhow::Result<()> {
    let rules: Vec<Rule> = lookup::all(api, PATH, &[]).await?;
    let row = |rule: &Rule| {
        [
            rule.rule_id.to_string(),
            rule.name.clone(),
            rule.postprocess_mode.clone(),
            rule.version.to_string(),
            terminal::time(rule.updated_at),
        ]
    };
    let rows: Vec<_> = rules.iter().map(row).collect();
    terminal::print(&terminal::columns(["ID", "NAME", "MODE", "VERSION", "CHANGED (UTC)"], &rows))
}

async fn export(api: &ApiClient, ids: &[i64], output: Option<&Path>) -> anyhow::Result<()> {
    let mut files = Vec::with_capacity(ids.len());
    for id in ids {
        files.push(api.get::<Value>(&format!("{PATH}/{id}/export"), &[]).await?);
    }
    let text = serde_json::to_string_pretty(&join(files))?;
    match output {
        Some(path) => {
            std::fs::write(path, text + "\n").with_context(|| format!("{} cannot be written", path.display()))
        }
        None => terminal::print(&text),
    }
}

/// One file with the rules of all.
fn join(files: Vec<Value>) -> Value {
    let mut files = files.into_iter();
    let mut whole = files.next().unwrap_or_default();
    for mut file in files {
        if let (Some(rules), Some(more)) = (whole["rules"].as_array_mut(), file["rules"].as_array_mut()) {
            rules.append(more);
        }
    }
    whole
}

async fn import(api: &ApiClient, file: &Path) -> anyhow::Result<()> {
    let imported: Value = api.post(&format!("{PATH}/import"), &read(file)?).await?;
    let rules: Vec<Rule> = serde_json::from_value(imported["items"].clone()).context("the answer cannot be read")?;
    for rule in rules {
        terminal::print(&format!("rule {} ({})", rule.rule_id, terminal::clean(&rule.name)))?;
    }
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", file.display()))
}

async fn test(api: &ApiClient, args: &TestArgs) -> anyhow::Result<()> {
    let (path, definition) = match lookup::id(&args.rule) {
        Some(id) => (format!("{PATH}/{id}/test"), None),
        None => (format!("{PATH}/test"), Some(definition(read(Path::new(&args.rule))?)?)),
    };
    let project = match (&args.path, &args.project) {
        (None, None) => None,
        _ => Some(lookup::project_or_default(api, args.project.as_deref()).await?),
    };
    let trial: Trial = match &args.path {
        Some(file) => api.post_form(&path, &key(), form(file, project, definition, &args.parse).await?).await?,
        None => {
            let mut body = json!({"task_id": args.task, "project_id": project, "parse": args.parse.json()});
            body["rule"] = definition.unwrap_or_default();
            api.post(&path, &body).await?
        }
    };
    trial.warnings.iter().for_each(|warning| terminal::complain(&format!("warning: {}", terminal::clean(warning))));
    let shown =
        if args.all { serde_json::to_string_pretty(&trial) } else { serde_json::to_string_pretty(&trial.value) };
    terminal::print(&shown?)
}

/// A definition as such, or the only one of an exported file.
fn definition(mut file: Value) -> anyhow::Result<Value> {
    match file.get_mut("rules").and_then(Value::as_array_mut) {
        None => Ok(file),
        Some(rules) if rules.len() == 1 => Ok(rules.remove(0)),
        Some(rules) => anyhow::bail!("the file has {} rules; try one at a time", rules.len()),
    }
}

async fn form(file: &Path, project: Option<i64>, definition: Option<Value>, parse: &ParseArgs) -> anyhow::Result<Form> {
    let bytes = tokio::fs::read(file).await.with_context(|| format!("{} cannot be read", file.display()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut form = Form::new();
    for (field, value) in
        [("project_id", project.map(Value::from)), ("rule", definition), ("parse_options", parse.json())]
    {
        if let Some(value) = value {
            form = form.text(field, value.to_string());
        }
    }
    Ok(form.part("file", Part::bytes(bytes).file_name(name)))
}

fn key() -> String {
    rand::rng().sample_iter(Alphanumeric).take(32).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exported_files_are_joined() {
        let file = |name: &str| json!({"format": "millrace-rules", "version": 1, "rules": [{"name": name}]});
        let whole = join(vec![file("a"), file("b")]);
        assert_eq!(whole["rules"], json!([{"name": "a"}, {"name": "b"}]));
        assert_eq!(whole["format"], "millrace-rules");
    }

    #[test]
    fn a_definition_may_stand_in_an_exported_file() {
        assert_eq!(definition(json!({"name": "a"})).unwrap(), json!({"name": "a"}));
        assert_eq!(definition(json!({"rules": [{"name": "a"}]})).unwrap(), json!({"name": "a"}));
        assert!(definition(json!({"rules": []})).is_err());
        assert!(definition(json!({"rules": [{}, {}]})).is_err());
    }
}
