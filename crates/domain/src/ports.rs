//! The traits that cross layers. Implementations are injected as `Arc<dyn Trait>` by the composition root.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use crate::artifact::{Artifact, NewArtifact, ParseKey};
use crate::capabilities::Capabilities;
use crate::error::Fault;
use crate::ids::{ProjectId, UserId};
use crate::mount::{ConflictPolicy, MountIntent};
use crate::parse_options::ParseOptions;
use crate::pointer::JsonPointer;
use crate::provider::ProviderWithSecret;
use crate::rule::{Rule, RuleDefinition};
use crate::rule_test::{RuleTest, RuleTestFailure, RuleTestOutcome};
use crate::secret::Secret;
use crate::state_machine::Stage;
use crate::stored_provider::SealedSecret;
use crate::task::{StageDetail, Task, TaskFailure, TaskKind, TaskResult};
use crate::usage::{ModelName, Reservation, Spent, TokenUse};
use crate::{TableId, mount::MountTarget};

/// Time. Injected so that tests own it; leases alone use the database's clock.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The present.
    fn now(&self) -> DateTime<Utc>;
    /// Waits.
    async fn sleep(&self, duration: Duration);
}

/// What a worker may do to the task it runs.
pub trait TaskControl: Send + Sync {
    /// Fires when the task is cancelled, over its deadline, or no longer ours. Stop soon; what is returned is ignored.
    fn cancellation(&self) -> &CancellationToken;
    /// Publishes progress (0–100 over all stages). Costs no database write.
    fn progress(&self, percent: u8, detail: StageDetail);
    /// Enters a later stage.
    fn advance(&self, stage: Stage);
    /// Tells what language models took for this attempt so far, in place of what was told before. It is recorded at the
    /// end of the attempt, whatever that is. Costs no database write.
    fn spent(&self, spent: Spent);
    /// Has what is stored already recorded now, because making it again would cost much: it outlives a cancelled, stopped
    /// or killed attempt. Costs a database write.
    fn keep(&self, artifact: NewArtifact);
}

/// What a worker gets.
#[derive(Debug, Clone)]
pub struct Job {
    /// The task; its `spec.start_stage` says where to begin.
    pub task: Arc<Task>,
    /// The rule at the task's version; `None` for kinds without rules.
    pub rule: Option<Arc<Rule>>,
    /// Artifacts of earlier attempts; empty on a first attempt.
    pub artifacts: Vec<Artifact>,
}

/// What a worker gives back.
#[derive(Debug, Clone, Default)]
pub struct JobOutput {
    /// What the completed task reports; `processing_time` is filled in by the queue.
    pub result: TaskResult,
    /// The result JSON, to be mounted; `None` when there is nothing to mount.
    pub value: Option<Arc<RawValue>>,
    /// What was stored on the way. Recorded even when a later stage fails.
    pub artifacts: Vec<NewArtifact>,
}

/// Why a worker gave up, and what it had stored by then.
#[derive(Debug, Clone)]
pub struct JobError {
    /// The failure.
    pub failure: TaskFailure,
    /// Artifacts of the stages that did succeed.
    pub artifacts: Vec<NewArtifact>,
}

/// Runs tasks of the kinds it knows. At-least-once: the same task may run again after a crash.
#[async_trait]
pub trait TaskExecutor: Send + Sync + 'static {
    /// Runs one attempt to its end.
    async fn execute(&self, job: Job, control: Arc<dyn TaskControl>) -> Result<JobOutput, JobError>;
}

/// Takes what mineru.net sends of its own accord when a task of ours is done there.
pub trait CallbackInbox: Send + Sync + 'static {
    /// Takes a callback for the task that the ticket in its address stands for. A repeat is taken like the first.
    ///
    /// # Errors
    /// `callback_unknown` when no task waits for it on this node, `callback_checksum` when its checksum is not that of its
    /// content.
    fn deliver(&self, ticket: &str, checksum: &str, content: &str) -> Result<(), Fault>;
}

/// Finds parsed documents that can be used again.
#[async_trait]
pub trait ParseCache: Send + Sync + 'static {
    /// A recorded parse of one of the user's own files with this key; any will do.
    ///
    /// # Errors
    /// When the question cannot be answered; the caller parses then.
    async fn find(&self, user: UserId, key: &ParseKey) -> Result<Option<NewArtifact>, Fault>;
}

/// Tries rules without storing anything.
#[async_trait]
pub trait RuleTester: Send + Sync + 'static {
    /// Parses, transforms, and tells what was done.
    ///
    /// # Errors
    /// The failure that the task would have had, with the steps that led there.
    async fn test(&self, test: RuleTest) -> Result<RuleTestOutcome, RuleTestFailure>;
}

/// Finds the language models that a user may call.
#[async_trait]
pub trait ProviderDirectory: Send + Sync + 'static {
    /// The provider of this name: the user's own before that of the installation. Without a name, the one for rules that
    /// name none. `None` when there is no such provider.
    ///
    /// # Errors
    /// A [`Fault`] of kind `Unavailable` when the question cannot be answered now, `Internal` when a stored key cannot be
    /// read.
    async fn get(&self, user: UserId, name: Option<&str>) -> Result<Option<Arc<ProviderWithSecret>>, Fault>;
}

/// Seals secrets for storage, and opens them again.
pub trait SecretVault: Send + Sync + 'static {
    /// Seals a secret of a user.
    ///
    /// # Errors
    /// A [`Fault`] of kind `Unsupported` when this installation has no key to seal with.
    fn seal(&self, owner: UserId, secret: &Secret) -> Result<SealedSecret, Fault>;
    /// Opens what was sealed for this user.
    ///
    /// # Errors
    /// A [`Fault`] of kind `Internal` when the key is not here any more, or the bytes are not what was sealed.
    fn open(&self, owner: UserId, sealed: &SealedSecret) -> Result<Secret, Fault>;
}

/// The model tokens that a project may use.
#[async_trait]
pub trait TokenBudget: Send + Sync + 'static {
    /// Sets tokens aside before a request is sent.
    ///
    /// # Errors
    /// A [`Fault`] of kind `TooMany`, code `token_budget_exceeded`, when that would exceed the budget; `Unavailable` when
    /// the question cannot be answered now.
    async fn reserve(&self, project: ProjectId, tokens: u64) -> Result<Reservation, Fault>;
    /// Puts what was really used of a model in the place of what was set aside; may be more.
    ///
    /// # Errors
    /// A [`Fault`] of kind `Unavailable`; the reservation then counts in full.
    async fn settle(&self, reservation: Reservation, model: &ModelName, used: TokenUse) -> Result<(), Fault>;
}

/// What this installation can do; asked before a task is accepted.
#[async_trait]
pub trait HandlerCatalog: Send + Sync + 'static {
    /// Whether a rule of this definition could run here.
    ///
    /// # Errors
    /// A [`Fault`] of kind `Invalid` or `Unsupported` that says what is wrong, with a pointer into the definition.
    fn check_rule(&self, definition: &RuleDefinition) -> Result<(), Fault>;
    /// Whether everything that a rule names (its provider, its model) is there for this user, now. Asked when a rule is
    /// stored; it may be gone when the rule runs.
    ///
    /// # Errors
    /// A [`Fault`] of kind `Unsupported` with a pointer into the definition: `unknown_provider`, `unknown_model`,
    /// `vision_not_supported`. `Unavailable` when the question cannot be answered now.
    async fn check_references(&self, user: UserId, definition: &RuleDefinition) -> Result<(), Fault>;
    /// Whether tasks of this kind can run here.
    fn supports(&self, kind: TaskKind) -> bool;
    /// Whether files can be parsed with these options here.
    ///
    /// # Errors
    /// A [`Fault`] of kind `Invalid` or `Unsupported` with a pointer into the options.
    fn check_parse(&self, options: &ParseOptions) -> Result<(), Fault>;
    /// Parsers, languages, models and limits. Remote parsers are asked, for a few seconds at most.
    async fn capabilities(&self) -> Capabilities;
}

/// A mount by hand as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualMount {
    /// The table.
    pub table_id: TableId,
    /// The container.
    pub json_path: JsonPointer,
    /// The key; the file's stem when absent.
    pub key: Option<String>,
    /// What happens when the key is taken.
    pub conflict: ConflictPolicy,
    /// Whether missing containers are made.
    pub create_missing: bool,
}

/// Turns results into mounts. The store applies them, in the completion transaction.
#[async_trait]
pub trait MountService: Send + Sync + 'static {
    /// The automatic mount of a finished task.
    ///
    /// # Errors
    /// A failure at stage `mount`; the parse is kept, and a retry runs the mount alone.
    async fn plan_automatic(
        &self,
        task: &Task,
        target: &MountTarget,
        value: Arc<RawValue>,
    ) -> Result<MountIntent, TaskFailure>;
    /// A mount by hand of a completed task.
    ///
    /// # Errors
    /// A [`Fault`] that says what is wrong with the request.
    async fn plan_manual(&self, task: &Task, request: &ManualMount, value: Arc<RawValue>)
    -> Result<MountIntent, Fault>;
}

/// A message on the [`Bus`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// Unowned work may be waiting.
    WorkAvailable,
    /// Somebody asked to cancel this task.
    CancelRequested(crate::TaskId),
}

/// Wake-ups between nodes. Losing every message costs time, never correctness.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Sends to every node, this one included.
    async fn publish(&self, signal: Signal);
    /// Receives from now on.
    fn subscribe(&self) -> BoxStream<'static, Signal>;
}

/// What the object store says of stored bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Bytes.
    pub size: u64,
    /// Lowercase hex SHA-256.
    pub sha256: String,
}

/// One object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// Last change, by the store's clock.
    pub modified_at: DateTime<Utc>,
}

/// Why the object store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// No object has this key.
    #[error("no object '{0}'")]
    NotFound(String),
    /// The text cannot be a key: absolute, `..`, control characters, too long. A defect of the caller.
    #[error("{0:?} cannot be the key of an object")]
    InvalidKey(String),
    /// The store failed; another try may work.
    #[error("the object store failed")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Writes one object piece by piece. Dropped without [`finish`](Self::finish), it leaves nothing that can be read.
#[async_trait]
pub trait ObjectWriter: Send {
    /// Appends bytes. Memory in use stays bounded whatever the object's size.
    async fn write(&mut self, chunk: Bytes) -> Result<(), ObjectError>;
    /// Makes the object durable and visible, at once or not at all.
    async fn finish(self: Box<Self>) -> Result<StoredObject, ObjectError>;
    /// Gives up and removes what was written.
    async fn abort(self: Box<Self>);
}

/// The object store: a local folder (fsynced) or anything that speaks S3.
#[async_trait]
pub trait ObjectStore: Send + Sync + 'static {
    /// Stores small bytes: durable and visible when it returns.
    async fn put(&self, key: &str, bytes: Bytes) -> Result<StoredObject, ObjectError>;
    /// Starts a streamed object.
    async fn writer(&self, key: &str) -> Result<Box<dyn ObjectWriter>, ObjectError>;
    /// Reads a whole object. Callers know its size from its row and bound it beforehand.
    async fn get(&self, key: &str) -> Result<Bytes, ObjectError>;
    /// Streams an object.
    async fn stream(&self, key: &str) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError>;
    /// The object as a local file, if the store keeps it as one (so that a parser process can open it itself).
    fn local_path(&self, key: &str) -> Option<PathBuf>;
    /// Removes an object; succeeds when there is none.
    async fn delete(&self, key: &str) -> Result<(), ObjectError>;
    /// Lists objects under a prefix, in no order.
    fn list(&self, prefix: &str) -> BoxStream<'static, Result<ListedObject, ObjectError>>;
    /// Answers whether the store can be reached and written.
    async fn check(&self) -> Result<(), ObjectError>;
}
