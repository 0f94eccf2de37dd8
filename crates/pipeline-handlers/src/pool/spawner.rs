//! The thread that starts parser processes.
//!
//! A child asks the kernel to be killed when its parent *thread* ends. Threads of a runtime come and go, so one thread
//! that lives exactly as long as the pool starts them all.

use std::io;
use std::process::Stdio;
use std::sync::mpsc;

use tokio::process::Command;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::child::WorkerChild;
use super::command::WorkerCommand;

type Reply = oneshot::Sender<io::Result<WorkerChild>>;

/// Starts processes on demand. Dropped, its thread ends, and with it every child still alive.
pub(super) struct Spawner {
    requests: mpsc::Sender<Reply>,
}

impl Spawner {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(command: WorkerCommand, runtime: Handle) -> io::Result<Self> {
        let (requests, inbox) = mpsc::channel::<Reply>();
        std::thread::Builder::new().name("parser-spawner".into()).spawn(move || {
            for reply in inbox {
                // Pipes belong to the runtime's reactor, so its context is needed here.
                let _context = runtime.enter();
                // Nobody waits any more: the child is dropped, and so killed.
                let _unwanted = reply.send(spawn(&command));
            }
        })?;
        Ok(Self { requests })
    }

    /// Starts one process.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub(super) async fn spawn(&self) -> io::Result<WorkerChild> {
        let (reply, answer) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts parser processes is gone");
        self.requests.send(reply).map_err(|_closed| gone())?;
        answer.await.map_err(|_closed| gone())?
    }
}

fn spawn(command: &WorkerCommand) -> io::Result<WorkerChild> {
    let mut process = Command::new(&command.program);
    // Away from the terminal's interrupt: the server decides which documents are still finished.
    #[cfg(unix)]
    process.process_group(0);
    let child = process
        .args(&command.args)
        .env_clear()
        .envs(command.env.iter().map(|(name, value)| (name, value)))
        // One arena: every further one reserves address space, which the memory limit counts.
        .env("MALLOC_ARENA_MAX", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    WorkerChild::new(child)
}
