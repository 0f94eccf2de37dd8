//! The child's side: reads requests, works on the files, answers. Knows no async runtime and no logging.

use std::io::{self, BufReader, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::os;
use super::protocol::{HEAD_LIMIT, Outcome, Request, ResponseHead, Work, read_frame, write_frame};
use crate::engine::answer;
use crate::failure::{FailureCode, ParseFailure};
use crate::file;
use crate::registry::{ParserRegistry, builtin};
use crate::render;
use crate::rows::keep_beside;

/// Stack of the parsing thread, in bytes; only what is touched costs memory. Parsers of nested formats recurse.
const STACK_BYTES: usize = 64 << 20;
/// A child that holds on to more memory than this after a document asks to be replaced.
const RETIRE_BYTES: u64 = 48 << 20;

/// Runs a parser process until its standard input ends; returns the exit code.
///
/// Call it first thing in `main`, before a runtime or a logger starts: standard output belongs to the protocol.
pub fn parse_worker_main() -> i32 {
    os::confine();
    let thread = std::thread::Builder::new().name("parse".into()).stack_size(STACK_BYTES).spawn(serve);
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => 0,
        Ok(Ok(Err(_pipe_is_gone))) => 1,
        Ok(Err(_panic)) => 101,
        Err(_no_thread) => 2,
    }
}

fn serve() -> io::Result<()> {
    let registry = builtin();
    let baseline = os::memory_in_use().map(|memory| memory.space);
    let mut input = BufReader::new(io::stdin().lock());
    let mut output = BufWriter::new(io::stdout().lock());
    while let Some(head) = read_frame(&mut input, HEAD_LIMIT)? {
        let request: Request = serde_json::from_slice(&head)?;
        let inline = match &request.path {
            Some(_) => None,
            None => read_frame(&mut input, request.limits.max_file_bytes)?,
        };
        let (answer, panicked) = work_on(&registry, &request, inline, baseline);
        let (outcome, payload) = match answer {
            Ok(payload) => (Outcome::Done, payload),
            Err(failure) => (Outcome::Failure, serde_json::to_vec(&failure)?),
        };
        let grown = os::memory_in_use().is_some_and(|memory| memory.private > RETIRE_BYTES + payload.len() as u64);
        let head = ResponseHead { outcome, retire: panicked || grown };
        write_frame(&mut output, &serde_json::to_vec(&head)?)?;
        write_frame(&mut output, &payload)?;
        output.flush()?;
    }
    Ok(())
}

/// What was asked for or why not, and whether a parser panicked.
fn work_on(
    registry: &ParserRegistry,
    request: &Request,
    inline: Option<Vec<u8>>,
    baseline: Option<u64>,
) -> (Result<Vec<u8>, ParseFailure>, bool) {
    let limits = &request.limits;
    let work = AssertUnwindSafe(|| {
        os::limit_parse(baseline, limits.memory_bytes, limits.cpu_seconds).map_err(|error| {
            ParseFailure::new(FailureCode::ParserUnavailable, format!("limits cannot be set: {error}"))
        })?;
        let path = request.path.as_deref().unwrap_or_else(|| Path::new(""));
        let whole = |inline: Option<Vec<u8>>| match inline {
            Some(bytes) => Ok(bytes),
            None => file::read_whole(&file::open(path, limits)?, limits),
        };
        let (options, rows) = match &request.work {
            Work::Parse { options, rows } => (options, rows.as_deref()),
            Work::Render(page) => return render::render_page(whole(inline)?, page, limits),
            Work::Answer(form) => return crate::output::to_json(&answer::read(&whole(inline)?, form, limits)?, limits),
        };
        let mut document = match inline {
            Some(bytes) => registry.parse(&bytes, &request.filename, limits, options)?,
            None => registry.parse_file(path, &request.filename, limits, options, rows)?,
        };
        if let Some(rows) = rows {
            keep_beside(&mut document, limits, || Ok(rows))?;
        }
        crate::output::to_json(&document, limits)
    });
    match catch_unwind(work) {
        Ok(answer) => (answer, false),
        Err(_panic) => {
            let failure = ParseFailure::new(FailureCode::ParserCrashed, "the parser failed on this file");
            (Err(failure), true)
        }
    }
}
