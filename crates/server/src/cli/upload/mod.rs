//! `upload`: files and folders go to a server, a task for each file.

mod batches;
mod files;
mod follow;
mod outcome;
mod progress;
mod send;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::api_client::{ApiClient, ServerArgs};
use super::parse_options::ParseArgs;
use super::{Settings, lookup, terminal};
use outcome::Outcome;
use progress::Progress;
use send::Sender;

/// What `upload` takes.
#[derive(Debug, Args)]
pub(super) struct UploadArgs {
    /// Files and folders; a folder goes with everything below it, paths included
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The project to upload to: its id, or its name [default: 'default', made if you have no project]
    #[arg(long, value_name = "ID|NAME")]
    project: Option<String>,
    /// The table to mount the results in: its id, or its name (made if there is none) [default: a new table per file]
    #[arg(long, value_name = "ID|NAME")]
    table: Option<String>,
    /// Where in the table to mount: a JSON Pointer to an object [default: the root of --table, /data of a new table]
    #[arg(long, value_name = "JSON_POINTER")]
    pointer: Option<String>,
    /// What to do when something stands where a result is to be mounted [default: overwrite]
    #[arg(long, value_name = "POLICY")]
    conflict: Option<Conflict>,
    /// The rule to apply, by id [default: keep the parsed text as it is]
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    rule: Option<i64>,
    #[command(flatten)]
    parse: ParseArgs,
    /// Take hidden files of folders too (those whose name begins with a dot)
    #[arg(long)]
    hidden: bool,
    /// Wait until every task has ended, and list them
    #[arg(long)]
    wait: bool,
    /// Exit with 0 even when files failed
    #[arg(long)]
    allow_failures: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Conflict {
    /// Fail the task
    Error,
    /// Replace what is there
    Overwrite,
    /// Keep what is there
    Skip,
    /// Take the next free name
    Rename,
}

impl Conflict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Overwrite => "overwrite",
            Self::Skip => "skip",
            Self::Rename => "rename",
        }
    }
}

/// Uploads, waits if asked to, and tells what became of every file that failed.
///
/// # Errors
/// When nothing can be uploaded at all; files that fail are told one by one instead, and in the exit code.
pub(super) async fn run(args: UploadArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let found = files::find(&args.paths, args.hidden);
    if found.hidden > 0 {
        terminal::complain(&format!("{} hidden files and folders are left out; --hidden takes them too", found.hidden));
    }
    let mut outcome = Outcome::new(found.failures);
    if !found.files.is_empty() {
        let api = ApiClient::new(&args.server, settings)?;
        let fields = fields(&api, &args).await?;
        let bytes = found.files.iter().map(|file| file.size).sum();
        let mut progress = Progress::new(found.files.len(), bytes);
        let sender = Sender { api: &api, fields: &fields };
        for batch in batches::pack(found.files) {
            let files = batch.len();
            sender.send(batch, &progress, &mut outcome).await?;
            progress.sent(files);
        }
        progress.finish();
        if args.wait {
            follow::until_ended(&api, &mut outcome).await?;
        }
    }
    outcome.print(args.wait)?;
    let good = outcome.failed() == 0 || args.allow_failures;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The form fields that are the same for every batch.
async fn fields(api: &ApiClient, args: &UploadArgs) -> anyhow::Result<Vec<(&'static str, String)>> {
    let project = lookup::project_or_default(api, args.project.as_deref()).await?;
    // First of all fields, so that the server knows where the files belong before they come.
    let mut fields = vec![("project_id", project.to_string())];
    if let Some(wanted) = &args.table {
        let table = lookup::table_or_new(api, project, wanted).await?;
        fields.push(("table_id", table.table_id.to_string()));
    }
    fields.extend(args.pointer.clone().map(|pointer| ("json_path", pointer)));
    fields.extend(args.conflict.map(|conflict| ("conflict", conflict.as_str().to_owned())));
    fields.extend(args.rule.map(|rule| ("rule_id", rule.to_string())));
    fields.extend(args.parse.json().map(|options| ("parse_options", options.to_string())));
    Ok(fields)
}
