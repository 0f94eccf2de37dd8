//! `table`: the data of a JSON table, page by page, so that a large one costs no memory here.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde_json::Value;

use super::api_client::{ApiClient, ServerArgs};
use super::wire::TableData;
use super::{Settings, lookup, terminal};

/// What `table` takes.
#[derive(Debug, Args)]
pub(super) struct TableArgs {
    /// The table: its id, or its name
    #[arg(value_name = "ID|NAME")]
    table: String,
    /// Where to read: a JSON Pointer, such as /data
    #[arg(long, value_name = "JSON_POINTER", default_value = "", hide_default_value = true)]
    pointer: String,
    /// The project to look for the name in: its id, or its name [default: all]
    #[arg(long, value_name = "ID|NAME")]
    project: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Prints the value as JSON.
///
/// # Errors
/// When there is no such table, nothing at the pointer, or no server.
pub(super) async fn run(args: TableArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let api = ApiClient::new(&args.server, settings)?;
    let project = match &args.project {
        Some(project) => lookup::project(&api, Some(project)).await?,
        None => None,
    };
    let table = lookup::table(&api, project, &args.table).await?;
    let table = table.with_context(|| format!("there is no table '{}'", args.table))?;
    print_data(&api, table.table_id, &args.pointer).await?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what a table holds at a pointer.
///
/// # Errors
/// As [`run`].
async fn print_data(api: &ApiClient, table: i64, pointer: &str) -> anyhow::Result<()> {
    let path = format!("/api/v1/tables/{table}/data");
    let mut query = vec![("pointer", pointer.to_owned()), ("limit", "200".to_owned())];
    let mut page: TableData = api.get(&path, &query).await?;
    if page.next_page_token.is_none() {
        return terminal::print(&serde_json::to_string_pretty(&page.value)?);
    }
    // Only objects come in pages; their members are joined here as if they had come in one.
    let mut members = Members::default();
    terminal::print("{")?;
    loop {
        members.print(&page.value, page.next_page_token.is_none())?;
        let Some(token) = page.next_page_token else { break };
        query.retain(|(name, _)| *name != "page_token");
        query.push(("page_token", token));
        page = api.get(&path, &query).await?;
    }
    terminal::print("}")
}

/// Members of an object that comes in pages. The last one seen waits, since only the next tells whether a comma follows.
#[derive(Default)]
struct Members {
    waiting: Option<String>,
}

impl Members {
    fn print(&mut self, page: &Value, is_last: bool) -> anyhow::Result<()> {
        for line in self.lines(page, is_last)? {
            terminal::print(&line)?;
        }
        Ok(())
    }

    fn lines(&mut self, page: &Value, is_last: bool) -> anyhow::Result<Vec<String>> {
        let mut lines = Vec::new();
        for (key, value) in page.as_object().context("the server sent a page of something that is no object")? {
            let text = serde_json::to_string_pretty(value)?.replace('\n', "\n  ");
            let member = format!("  {}: {text}", serde_json::to_string(key)?);
            lines.extend(self.waiting.replace(member).map(|before| before + ","));
        }
        if is_last {
            lines.extend(self.waiting.take());
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_join_to_the_json_of_the_whole() {
        let whole = json!({"a": {"x": [1, "two\nlines"]}, "b": null, "c": 3});
        for pages in [
            vec![json!({"a": {"x": [1, "two\nlines"]}, "b": null}), json!({"c": 3})],
            vec![json!({"a": {"x": [1, "two\nlines"]}}), json!({"b": null, "c": 3}), json!({})],
        ] {
            let mut members = Members::default();
            let mut lines = vec!["{".to_owned()];
            for (index, page) in pages.iter().enumerate() {
                lines.extend(members.lines(page, index + 1 == pages.len()).unwrap());
            }
            lines.push("}".to_owned());
            assert_eq!(lines.join("\n"), serde_json::to_string_pretty(&whole).unwrap());
        }
    }
}
