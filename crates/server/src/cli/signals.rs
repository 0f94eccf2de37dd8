//! Ctrl-C and SIGTERM: the first asks to stop in order, the second ends the process at once.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::terminal;

/// What a shell reports for a process that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// A token that the first signal cancels.
///
/// # Errors
/// When the system does not let us listen.
pub(super) fn stop_token() -> anyhow::Result<CancellationToken> {
    let listen = |kind| signal(kind).context("signals cannot be received");
    let (interrupt, terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let token = CancellationToken::new();
    tokio::spawn(watch(interrupt, terminate, token.clone()));
    Ok(token)
}

async fn watch(mut interrupt: Signal, mut terminate: Signal, token: CancellationToken) {
    next(&mut interrupt, &mut terminate).await;
    terminal::complain("stopping: tasks that run are finished or given back; a second signal ends at once");
    token.cancel();
    next(&mut interrupt, &mut terminate).await;
    terminal::complain("ended at once; the next start takes up what was interrupted");
    std::process::exit(INTERRUPTED);
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
