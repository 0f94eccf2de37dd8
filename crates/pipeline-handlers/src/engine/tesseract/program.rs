//! The program `tesseract`: where it is, what it can do, and one run of it.
//!
//! It reads the picture from its standard input and prints a table (`tsv`). The picture is untrusted and Tesseract is
//! native code, so it gets an empty environment, limits of its own before it is given the first byte, and is killed when
//! the run is dropped.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::TesseractConfig;
use crate::failure::{FailureCode, ParseFailure};

/// Its name where programs are looked for.
const NAME: &str = "tesseract";
/// How long it may take to say what it is.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);
/// Bytes kept of what it writes to standard error.
const LAST_WORDS_BYTES: u64 = 8 << 10;
/// Largest table read for one picture, in bytes: some hundred thousand words.
const MAX_TSV_BYTES: u64 = 64 << 20;

/// What was found of Tesseract at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The program.
    pub program: PathBuf,
    /// Its version, as in `5.3.0`.
    pub version: String,
    /// Codes of the languages that are installed, in order.
    pub languages: Vec<String>,
}

/// Looks for the program through `PATH`.
pub fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(NAME)).find(|program| program.is_file())
}

impl Installation {
    /// Asks a program for its version and languages. Blocks, seconds at most.
    ///
    /// # Errors
    /// When it cannot be started, does not end, or says nothing that can be understood.
    pub fn probe(program: &Path, data_dir: Option<&Path>) -> io::Result<Self> {
        let version = ask(program, data_dir, "--version")?;
        let languages = ask(program, data_dir, "--list-langs")?;
        let version = version.lines().next().and_then(|line| line.strip_prefix("tesseract ")).map(str::trim);
        let version = version.ok_or_else(|| io::Error::other("it does not say that it is tesseract"))?;
        // A line of words for people, then a code on each line. `osd` tells which way is up and reads nothing.
        let codes = languages.lines().skip(1).map(str::trim).filter(|code| !code.is_empty() && *code != "osd");
        let mut languages: Vec<String> = codes.map(str::to_owned).collect();
        languages.sort();
        Ok(Self { program: program.to_owned(), version: version.to_owned(), languages })
    }
}

fn ask(program: &Path, data_dir: Option<&Path>, question: &str) -> io::Result<String> {
    let mut command = std::process::Command::new(program);
    if let Some(folder) = data_dir {
        command.arg("--tessdata-dir").arg(folder);
    }
    command.arg(question).env_clear().stdin(Stdio::null());
    let (answer, patience) = mpsc::channel();
    std::thread::Builder::new().name("tesseract-probe".into()).spawn(move || answer.send(command.output()))?;
    let output = patience.recv_timeout(PROBE_PATIENCE).map_err(io::Error::other)??;
    if !output.status.success() {
        return Err(io::Error::other(format!("it ends with {}", output.status)));
    }
    // Versions before 5 answer on standard error.
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// What one run is to read.
pub(super) struct Run<'a> {
    /// Codes of languages, joined by `+`.
    pub(super) languages: &'a str,
    /// Pixels per inch, where the picture does not say so itself.
    pub(super) dpi: Option<u32>,
    /// The page of a file of several, from 0.
    pub(super) page: Option<u32>,
}

impl Run<'_> {
    fn arguments(&self, config: &TesseractConfig) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = ["stdin", "stdout"].map(OsString::from).to_vec();
        if let Some(folder) = &config.data_dir {
            arguments.extend(["--tessdata-dir".into(), folder.clone().into_os_string()]);
        }
        arguments.extend(["-l".into(), self.languages.into()]);
        arguments.extend(["--psm".into(), config.page_segmentation.to_string().into()]);
        if let Some(dpi) = self.dpi {
            arguments.extend(["--dpi".into(), dpi.to_string().into()]);
        }
        if let Some(page) = self.page {
            arguments.extend(["-c".into(), format!("tessedit_page_number={page}").into()]);
        }
        // As a variable, since the configuration file of that name may not be in a folder of one's own.
        arguments.extend(["-c".into(), "tessedit_create_tsv=1".into()]);
        arguments
    }
}

/// Recognises one picture; gives the table.
///
/// # Errors
/// `unreadable_file`, `parser_timeout`, `parser_memory`, `parser_crashed`, `parser_unavailable`.
pub(super) async fn run(
    program: &Path,
    config: &TesseractConfig,
    run: &Run<'_>,
    picture: impl AsyncRead + Send + Unpin,
) -> Result<String, ParseFailure> {
    let patience = Duration::from_secs(config.page_seconds);
    tokio::time::timeout(patience, exchange(program, config, run, picture)).await.unwrap_or_else(|_elapsed| {
        Err(ParseFailure::new(
            FailureCode::ParserTimeout,
            format!("recognising a page took more than {} seconds", config.page_seconds),
        ))
    })
}

async fn exchange(
    program: &Path,
    config: &TesseractConfig,
    run: &Run<'_>,
    mut picture: impl AsyncRead + Send + Unpin,
) -> Result<String, ParseFailure> {
    let mut command = Command::new(program);
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command
        .args(run.arguments(config))
        .env_clear()
        // Its threads cost more than they bring; pages are what runs side by side.
        .env("OMP_THREAD_LIMIT", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| unavailable(&error))?;
    confine(&child, config).map_err(|error| unavailable(&error))?;
    let missing = || unavailable(&io::Error::other("it has no pipes"));
    let mut stdin = child.stdin.take().ok_or_else(missing)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take().ok_or_else(missing)?;
    let feeding = async {
        // It may stop reading; its exit status says why.
        let fed = tokio::io::copy(&mut picture, &mut stdin).await;
        let _gone = stdin.shutdown().await;
        drop(stdin);
        fed
    };
    let (_fed, table, words, status) =
        tokio::join!(feeding, collect(stdout, MAX_TSV_BYTES), collect(stderr, LAST_WORDS_BYTES), child.wait());
    let status = status.map_err(|error| unavailable(&error))?;
    if status.success() {
        return Ok(table);
    }
    // What it says may quote the document, so it stays out of the log.
    tracing::warn!(?status, "tesseract failed on a picture");
    Err(explain(status, &words, config))
}

/// Reads a stream to its end, keeping its beginning.
async fn collect(mut stream: impl AsyncRead + Unpin, limit: u64) -> String {
    let mut kept = Vec::new();
    let read = (&mut stream).take(limit).read_to_end(&mut kept).await;
    if let Err(error) = read.and(tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(|_| 0)) {
        tracing::debug!(%error, "the output of tesseract broke off");
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// Sets limits on a program that still waits for its input.
#[cfg(target_os = "linux")]
fn confine(child: &Child, config: &TesseractConfig) -> io::Result<()> {
    use rlimit::{Resource, prlimit};
    let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()) else { return Ok(()) };
    for (resource, limit) in
        [(Resource::AS, config.memory_bytes), (Resource::CPU, config.page_seconds), (Resource::CORE, 0)]
    {
        prlimit(id, resource, Some((limit, limit)), None)?;
    }
    Ok(())
}

/// Systems without `prlimit`: the wall clock alone holds it.
#[cfg(not(target_os = "linux"))]
fn confine(_child: &Child, _config: &TesseractConfig) -> io::Result<()> {
    Ok(())
}

fn unavailable(error: &io::Error) -> ParseFailure {
    tracing::error!(%error, "tesseract cannot be run");
    ParseFailure::new(FailureCode::ParserUnavailable, "tesseract could not be started")
}

/// Why a run failed, by how it ended and what it said.
fn explain(status: ExitStatus, words: &str, config: &TesseractConfig) -> ParseFailure {
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    if has(&["bad_alloc", "malloc fail", "calloc fail", "data not made", "ata_malloc fail", "annot allocate"]) {
        return ParseFailure::new(
            FailureCode::ParserMemory,
            format!("recognising a page took more than {} bytes of memory", config.memory_bytes),
        );
    }
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        // The hard limit of processor time kills; the soft one, equal to it, is seldom seen.
        if signal == libc::SIGXCPU || signal == libc::SIGKILL {
            return ParseFailure::new(
                FailureCode::ParserTimeout,
                format!("recognising a page took more than {} seconds of processor time", config.page_seconds),
            );
        }
        return ParseFailure::new(FailureCode::ParserCrashed, "tesseract died on this picture");
    }
    ParseFailure::unreadable("picture", "Tesseract cannot decode it")
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn failures_are_told_apart() {
        let config = TesseractConfig::default();
        for (raw, words, code) in [
            (1 << 8, "Error in pixReadMem: png read failed", FailureCode::UnreadableFile),
            (1 << 8, "Error in pixCreateNoInit: pixdata_malloc fail for data", FailureCode::ParserMemory),
            (libc::SIGABRT, "what():  std::bad_alloc", FailureCode::ParserMemory),
            (libc::SIGKILL, "", FailureCode::ParserTimeout),
            (libc::SIGXCPU, "", FailureCode::ParserTimeout),
            (libc::SIGSEGV, "", FailureCode::ParserCrashed),
        ] {
            assert_eq!(explain(ExitStatus::from_raw(raw), words, &config).code, code, "{raw} {words}");
        }
    }
}
