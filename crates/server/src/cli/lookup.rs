//! Projects and tables by id or by name.

use anyhow::bail;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::api_client::ApiClient;
use super::api_error::ApiError;
use super::wire::{Listing, Project, Table};

/// The project that is made for whoever has none.
pub(super) const DEFAULT_PROJECT: &str = "default";

const PROJECTS: &str = "/api/v1/projects";
const TABLES: &str = "/api/v1/tables";

/// An id, if the text is one.
pub(super) fn id(text: &str) -> Option<i64> {
    text.parse().ok().filter(|id| *id > 0)
}

/// Every page of a list.
///
/// # Errors
/// [`ApiError`].
pub(super) async fn all<T: DeserializeOwned>(
    api: &ApiClient,
    path: &str,
    filter: &[(&str, String)],
) -> Result<Vec<T>, ApiError> {
    let mut found = Vec::new();
    let mut query = filter.to_vec();
    query.push(("limit", "200".to_owned()));
    loop {
        let page: Listing<T> = api.get(path, &query).await?;
        found.extend(page.items);
        let Some(token) = page.next_page_token else { return Ok(found) };
        query.retain(|(name, _)| *name != "page_token");
        query.push(("page_token", token));
    }
}

/// The project that is meant: by id, by name, or the only one.
///
/// # Errors
/// When none or several are meant.
pub(super) async fn project(api: &ApiClient, wanted: Option<&str>) -> anyhow::Result<Option<i64>> {
    if let Some(id) = wanted.and_then(id) {
        return Ok(Some(id));
    }
    let projects: Vec<Project> = all(api, PROJECTS, &[]).await?;
    let chosen: Vec<&Project> = match wanted {
        Some(name) => projects.iter().filter(|project| project.name == name).collect(),
        None => match projects.iter().find(|project| project.name == DEFAULT_PROJECT) {
            Some(project) => vec![project],
            None => projects.iter().collect(),
        },
    };
    match (chosen.as_slice(), wanted) {
        ([only], _) => Ok(Some(only.project_id)),
        ([], None) => Ok(None),
        ([], Some(name)) if projects.is_empty() => bail!("there is no project '{name}', and no other"),
        ([], Some(name)) => bail!("there is no project '{name}'; there are {}", names(&projects)),
        (_, None) => bail!("say which project with --project; there are {}", names(&projects)),
        (several, Some(name)) => {
            let ids: Vec<_> = several.iter().map(|project| project.project_id.to_string()).collect();
            bail!("several projects are called '{name}'; give an id: {}", ids.join(", "))
        }
    }
}

fn names(projects: &[Project]) -> String {
    let names = projects.iter().take(20).map(|project| format!("'{}' ({})", project.name, project.project_id));
    names.collect::<Vec<_>>().join(", ")
}

/// The same; the project [`DEFAULT_PROJECT`] is made if there is none at all.
///
/// # Errors
/// As [`project`].
pub(super) async fn project_or_default(api: &ApiClient, wanted: Option<&str>) -> anyhow::Result<i64> {
    if let Some(id) = project(api, wanted).await? {
        return Ok(id);
    }
    let made: Project = api.post(PROJECTS, &json!({"name": DEFAULT_PROJECT})).await?;
    Ok(made.project_id)
}

/// The table that is meant, by id or by name, within a project if one is given. `None` when no table has the name.
///
/// # Errors
/// When several have the name, or there is no table with the id.
pub(super) async fn table(api: &ApiClient, project: Option<i64>, wanted: &str) -> anyhow::Result<Option<Table>> {
    if let Some(id) = id(wanted) {
        return Ok(Some(api.get(&format!("{TABLES}/{id}"), &[]).await?));
    }
    let filter: Vec<_> = project.iter().map(|id| ("project_id", id.to_string())).collect();
    let mut tables: Vec<Table> = all(api, TABLES, &filter).await?;
    tables.retain(|table| table.name == wanted);
    if let [_, _, ..] = tables.as_slice() {
        let places = tables.iter().map(|table| format!("{} (project {})", table.table_id, table.project_id));
        bail!("several tables are called '{wanted}'; give an id: {}", places.collect::<Vec<_>>().join(", "));
    }
    Ok(tables.pop())
}

/// The same; a table with the name is made if there is none.
///
/// # Errors
/// As [`table`].
pub(super) async fn table_or_new(api: &ApiClient, project: i64, wanted: &str) -> anyhow::Result<Table> {
    match table(api, Some(project), wanted).await? {
        Some(table) => Ok(table),
        None => Ok(api.post(TABLES, &json!({"project_id": project, "name": wanted})).await?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_positive_numbers() {
        assert_eq!(id("42"), Some(42));
        for text in ["0", "-1", "demo", "4x", ""] {
            assert_eq!(id(text), None, "{text}");
        }
    }
}
