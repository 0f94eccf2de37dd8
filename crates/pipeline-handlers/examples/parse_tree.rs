//! Parses every file of a folder tree in this process and writes `<out>/<same path>.md`: for looking at, and scoring,
//! what the parsers make of a corpus. `--json` writes the whole parsed document beside it.
//!
//! usage: parse_tree IN_DIR OUT_DIR [--json]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use millrace_domain::parse_options::ParseOptions;
use millrace_pipeline_handlers::limits::ParserLimits;
use millrace_pipeline_handlers::registry::builtin;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("usage: parse_tree IN_DIR OUT_DIR [--json]"));
    };
    let with_json = arguments.next().is_some_and(|flag| flag == "--json");
    let (input, output) = (PathBuf::from(input), PathBuf::from(output));
    let (registry, limits) = (builtin(), ParserLimits::default());
    let mut files = Vec::new();
    collect(&input, &mut files)?;
    files.sort();
    for file in files {
        let relative = file.strip_prefix(&input).map_err(io::Error::other)?;
        let name = relative.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let bytes = fs::read(&file)?;
        let started = Instant::now();
        let parsed = registry.parse(&bytes, name, &limits, &ParseOptions::default());
        let took = started.elapsed().as_millis();
        let target = output.join(relative);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        match parsed {
            Ok(document) => {
                eprintln!(
                    "{took:>6} ms  {}  {} blocks {:?}",
                    relative.display(),
                    document.blocks.len(),
                    document.warnings
                );
                fs::write(format!("{}.md", target.display()), &document.markdown)?;
                if with_json {
                    fs::write(format!("{}.json", target.display()), serde_json::to_vec_pretty(&document)?)?;
                }
            }
            Err(failure) => eprintln!("{took:>6} ms  {}  {}: {failure}", relative.display(), failure.code.as_str()),
        }
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
