//! Which panics are findings.
//!
//! A panic in our own code always is. One in a library is a finding too where the server itself runs the code; where a
//! parser process does, it is what the process is there for: the file fails with `parser_crashed` and nobody else notices.
//! Such a panic is told once for each place, and the search goes on.

use std::cell::Cell;
use std::collections::HashSet;
use std::fs::File;
use std::io::Write as _;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process;
use std::sync::{LazyLock, Mutex, PoisonError};

thread_local! {
    static IN_CHILD: Cell<bool> = const { Cell::new(false) };
}
static TOLD: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// Puts the rule in force in place of libFuzzer's own hook, which ends the process at any panic.
pub fn install() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        if IN_CHILD.get() && is_library(&place) {
            if TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(place.clone()) {
                tell(&format!("contained: {place}: {}\n", words(info)));
            }
            return;
        }
        eprintln!("panicked at {place}: {}\n{}", words(info), std::backtrace::Backtrace::force_capture());
        process::abort();
    }));
}

/// To the file that `FUZZ_CONTAINED` names, which outlives the processes of a run, and else to the standard error stream.
fn tell(line: &str) {
    let file = std::env::var_os("FUZZ_CONTAINED").and_then(|path| File::options().append(true).create(true).open(path).ok());
    let written = file.is_some_and(|mut file| file.write_all(line.as_bytes()).is_ok());
    if !written {
        eprint!("{line}");
    }
}

/// Runs what a parser process would; panics of libraries end it quietly.
pub(crate) fn in_child(work: impl FnOnce()) {
    IN_CHILD.set(true);
    let _contained = panic::catch_unwind(AssertUnwindSafe(work));
    IN_CHILD.set(false);
}

/// Whether a place in the sources is in a package that cargo fetched. A panic of the standard library is told at the place
/// of its caller, or is taken for ours.
fn is_library(place: &str) -> bool {
    place.contains("/registry/src/")
}

fn words<'a>(info: &'a PanicHookInfo<'_>) -> &'a str {
    info.payload_as_str().unwrap_or("no words")
}
