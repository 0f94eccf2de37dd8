//! Admission: concurrent submits share commits, and are answered after theirs.
//!
//! While one batch commits, the next gathers; when nothing is being committed a submit goes out at once. No timer is
//! involved, so an idle server adds no delay and a busy one fills its batches by itself.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use millrace_domain::submission::Submission;
use millrace_domain::{Fault, Task};
use millrace_repository::{Admission, AdmissionOutcome, Clash, Receipt, RepositoryError};
use tokio::sync::{mpsc, oneshot};

use crate::core::Core;
use crate::recovery;

/// Answer to one submit.
type Reply = oneshot::Sender<Result<Vec<Arc<Task>>, Fault>>;

/// One submit on its way.
pub(crate) struct Ticket {
    admission: Admission,
    reply: Reply,
}

/// The sending side.
#[derive(Clone)]
pub(crate) struct Admissions {
    sender: mpsc::Sender<Ticket>,
}

/// Submits that may wait for the flusher; more wait in their callers.
const BACKLOG: usize = 4096;

impl Admissions {
    /// The two ends.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Ticket>) {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        (Self { sender }, receiver)
    }

    /// Hands a submit over and waits for its commit.
    pub(crate) async fn submit(
        &self,
        submission: Submission,
        receipt: Option<Receipt<[Arc<Task>]>>,
    ) -> Result<Vec<Arc<Task>>, Fault> {
        let (reply, answer) = oneshot::channel();
        let ticket = Ticket { admission: Admission { submission, receipt }, reply };
        self.sender.send(ticket).await.map_err(|_closed| stopping())?;
        answer.await.unwrap_or_else(|_dropped| Err(stopping()))
    }
}

fn stopping() -> Fault {
    Fault::new(millrace_domain::ErrorKind::Unavailable, "not_accepting", "the server is stopping")
}

/// Stores what comes until the senders are gone.
pub(crate) async fn run(core: Arc<Core>, mut tickets: mpsc::Receiver<Ticket>) {
    while let Some(first) = tickets.recv().await {
        let mut rows = weight(&first);
        let mut batch = vec![first];
        while rows < core.config.batch_max {
            let Ok(next) = tickets.try_recv() else { break };
            rows += weight(&next);
            batch.push(next);
        }
        store(&core, batch).await;
    }
}

fn weight(ticket: &Ticket) -> usize {
    ticket.admission.submission.tasks.len().max(1)
}

/// Stores a batch. One that fails for a reason of its content is halved, so that one bad submit cannot fail its
/// neighbours.
fn store(core: &Arc<Core>, batch: Vec<Ticket>) -> BoxFuture<'_, ()> {
    async move {
        let (admissions, replies): (Vec<Admission>, Vec<Reply>) =
            batch.into_iter().map(|ticket| (ticket.admission, ticket.reply)).unzip();
        let outcome = core.tasks.insert_many(core.owner(), &admissions, core.clock.now()).await;
        match outcome {
            Ok(outcomes) => {
                for (outcome, reply) in outcomes.into_iter().zip(replies) {
                    answer(core, outcome, reply);
                }
            }
            Err(error) if error.is_transient() => {
                tracing::warn!(error = %error, batch = admissions.len(), "admission did not reach the database");
                for (admission, reply) in admissions.into_iter().zip(replies) {
                    let tasks = &admission.submission.tasks;
                    if let Some(user) = tasks.first().map(|task| task.user_id) {
                        let ids = tasks.iter().map(|task| task.id).collect();
                        tokio::spawn(recovery::reconcile(Arc::clone(core), user, ids));
                    }
                    let _ = reply.send(Err(Fault::from(RepositoryError::Unavailable("see the log".into()))));
                }
            }
            Err(error) if admissions.len() == 1 => {
                if let Some(reply) = replies.into_iter().next() {
                    let _ = reply.send(Err(Fault::from(error)));
                }
            }
            Err(_) => {
                let mut left: Vec<Ticket> =
                    admissions.into_iter().zip(replies).map(|(admission, reply)| Ticket { admission, reply }).collect();
                let right = left.split_off(left.len() / 2);
                store(core, left).await;
                store(core, right).await;
            }
        }
    }
    .boxed()
}

fn answer(core: &Core, outcome: AdmissionOutcome, reply: Reply) {
    let answer = match outcome {
        AdmissionOutcome::Stored(tasks) => {
            core.enqueue_own(tasks.iter().cloned());
            for task in &tasks {
                metrics::counter!("millrace_tasks_created_total", "kind" => task.kind.as_str()).increment(1);
            }
            Ok(tasks)
        }
        AdmissionOutcome::DuplicateKey => Err(RepositoryError::Conflict(Clash::IdempotencyKey).into()),
    };
    // A caller that is gone has its tasks all the same.
    let _ = reply.send(answer);
}
