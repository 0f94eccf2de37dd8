//! From a parsed document to result JSON, by the way a rule says.

pub mod citations;
pub mod extract;
pub mod llm;
pub(crate) mod locale;
pub(crate) mod schema;
pub(crate) mod skip;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use millrace_domain::citation::Citations;
use millrace_domain::ids::{ProjectId, TaskId, UserId};
use millrace_domain::rule::{PostprocessMode, RuleDefinition};
use millrace_domain::rule_test::TraceStep;
use millrace_domain::usage::Spent;
use millrace_domain::{ErrorKind, ErrorStage, Fault, TaskFailure};
use parking_lot::Mutex;
use serde_json::value::RawValue;

/// Code of rules that this installation cannot run, at submit and at run alike.
pub(crate) const RULE_MODE_UNSUPPORTED: &str = "rule_mode_unsupported";

/// What a transform was told to note down; empty unless somebody tries a rule.
#[derive(Debug, Default)]
pub struct Trace(Option<Mutex<Vec<TraceStep>>>);

impl Trace {
    /// A trace that keeps what it is told.
    pub fn recording() -> Self {
        Self(Some(Mutex::new(Vec::new())))
    }

    /// Notes a step; `detail` is made only when somebody will read it.
    pub fn note(&self, step: &str, target: &str, detail: impl FnOnce() -> serde_json::Value) {
        if let Some(steps) = &self.0 {
            let step = TraceStep { step: step.to_owned(), target: target.to_owned(), detail: detail() };
            steps.lock().push(step);
        }
    }

    /// What was noted so far, in order.
    pub fn steps(&self) -> Vec<TraceStep> {
        self.0.as_ref().map(|steps| steps.lock().clone()).unwrap_or_default()
    }
}

/// A page as a picture.
#[derive(Debug, Clone)]
pub struct PageImage {
    /// Its number, from 1.
    pub page: u32,
    /// Media type of the picture: `image/png`, `image/jpeg`, `image/webp` or `image/gif`.
    pub media_type: &'static str,
    /// The picture.
    pub bytes: Bytes,
}

/// Shows the pages of the file, for transforms that look at them.
#[async_trait]
pub trait PageImages: Send + Sync {
    /// Most pages of one file that are shown.
    fn max_pages(&self) -> u32;
    /// The picture of a page, from 1; `None` when the file has no such page.
    ///
    /// # Errors
    /// A [`TaskFailure`] when it cannot be made, or is too large.
    async fn image(&self, page: u32) -> Result<Option<PageImage>, TaskFailure>;
}

/// Told how far a transform is: chunks or rows, `total` 0 while unknown.
pub type TransformProgress = Arc<dyn Fn(u32, u32) + Send + Sync>;

/// Told what models took so far, in place of what was told before.
pub type TransformSpending = Arc<dyn Fn(Spent) + Send + Sync>;

/// What a transform works on.
#[derive(Clone)]
pub struct TransformInput {
    /// The original name of the file.
    pub filename: Arc<str>,
    /// A [`ParsedDocument`](millrace_domain::document::ParsedDocument) as JSON.
    pub parsed: Bytes,
    /// The pages as pictures, where the file can be shown so.
    pub images: Option<Arc<dyn PageImages>>,
    /// The rule.
    pub rule: Arc<RuleDefinition>,
    /// Whose rule and file.
    pub user_id: UserId,
    /// Whose budgets.
    pub project_id: ProjectId,
    /// The task, unless a rule is only tried.
    pub task_id: Option<TaskId>,
    /// Told about progress.
    pub progress: TransformProgress,
    /// Told what models took so far.
    pub spending: TransformSpending,
    /// Told what is done.
    pub trace: Arc<Trace>,
}

/// What a transform gives.
#[derive(Debug)]
pub struct Transformed {
    /// The result JSON.
    pub value: Box<RawValue>,
    /// Pages of the document.
    pub pages: u32,
    /// Its parser.
    pub parser: String,
    /// Warnings of the parser and the transform.
    pub warnings: Vec<String>,
    /// Where the values stand, for transforms that can tell.
    pub citations: Option<Citations>,
    /// What was said to a model, as JSON, to be kept.
    pub exchange: Option<Bytes>,
    /// Model tokens used.
    pub tokens: Option<u64>,
    /// What they cost, in US dollars.
    pub cost_usd: Option<f64>,
}

/// Why there is no result, and what is worth keeping of the try.
#[derive(Debug)]
pub struct TransformError {
    /// The failure, at stage `postprocess`.
    pub failure: TaskFailure,
    /// What was said to a model, as JSON, to be kept.
    pub exchange: Option<Bytes>,
}

impl From<TaskFailure> for TransformError {
    fn from(failure: TaskFailure) -> Self {
        Self { failure, exchange: None }
    }
}

/// One way of making results. Stopped by being dropped.
#[async_trait]
pub trait Transform: Send + Sync + 'static {
    /// The mode of rules that it runs.
    fn mode(&self) -> PostprocessMode;
    /// Checks a rule before it is stored and before a task with it is accepted.
    ///
    /// # Errors
    /// A [`Fault`] of kind `Invalid` or `Unsupported` with a pointer into the rule: `/options/…`, `/json_schema/…`.
    fn check(&self, rule: &RuleDefinition) -> Result<(), Fault>;
    /// Checks that what a rule names is there for the user, before it is stored.
    ///
    /// # Errors
    /// A [`Fault`] of kind `Unsupported` with a pointer into the rule; `Unavailable` when it cannot be told now.
    async fn check_references(&self, _user: UserId, _rule: &RuleDefinition) -> Result<(), Fault> {
        Ok(())
    }
    /// Whether the first rows of a large table are enough for it. If so, documents may hold no more and refer to an
    /// artifact of kind `rows` for the rest; if not, all rows stand in them, as far as the limits allow.
    fn accepts_rows_beside(&self) -> bool {
        false
    }
    /// Makes the result.
    ///
    /// # Errors
    /// [`TransformError`].
    async fn apply(&self, input: TransformInput) -> Result<Transformed, TransformError>;
}

/// The transforms of an installation.
pub struct Transforms {
    transforms: Vec<Arc<dyn Transform>>,
}

impl Transforms {
    /// `skip` and these.
    pub fn with(more: Vec<Arc<dyn Transform>>) -> Self {
        let mut transforms: Vec<Arc<dyn Transform>> = vec![Arc::new(skip::SkipTransform)];
        transforms.extend(more);
        Self { transforms }
    }

    /// The modes that run here.
    pub fn modes(&self) -> impl Iterator<Item = PostprocessMode> + '_ {
        self.transforms.iter().map(|transform| transform.mode())
    }

    /// Checks a rule.
    ///
    /// # Errors
    /// `rule_mode_unsupported`, and those of the mode.
    pub fn check(&self, rule: &RuleDefinition) -> Result<(), Fault> {
        match self.find(rule.mode) {
            Some(transform) => transform.check(rule),
            None => Err(Fault::new(ErrorKind::Unsupported, RULE_MODE_UNSUPPORTED, self.unsupported_text(rule.mode))
                .at("/postprocess_mode")),
        }
    }

    /// Checks that what a rule names is there for the user.
    ///
    /// # Errors
    /// Those of the mode.
    pub async fn check_references(&self, user: UserId, rule: &RuleDefinition) -> Result<(), Fault> {
        match self.find(rule.mode) {
            Some(transform) => transform.check_references(user, rule).await,
            None => Ok(()),
        }
    }

    /// The transform of a rule.
    ///
    /// # Errors
    /// `rule_mode_unsupported`.
    pub fn get(&self, mode: PostprocessMode) -> Result<&Arc<dyn Transform>, TaskFailure> {
        self.find(mode).ok_or_else(|| {
            TaskFailure::permanent(ErrorStage::Postprocess, RULE_MODE_UNSUPPORTED, self.unsupported_text(mode))
        })
    }

    fn find(&self, mode: PostprocessMode) -> Option<&Arc<dyn Transform>> {
        self.transforms.iter().find(|transform| transform.mode() == mode)
    }

    fn unsupported_text(&self, mode: PostprocessMode) -> String {
        let modes: Vec<_> = self.modes().map(PostprocessMode::as_str).collect();
        format!("this installation does not run rules of mode '{}'; it runs {}", mode.as_str(), modes.join(", "))
    }
}

/// The failure of a rule that was fine when it was stored and cannot work now, by what is wrong with it.
pub(crate) fn unworkable(fault: &Fault) -> TaskFailure {
    let place = fault.pointer.as_deref().unwrap_or_default();
    let text = format!("the rule cannot work: {place}: {}", fault.message);
    TaskFailure::permanent(ErrorStage::Postprocess, fault.code, text)
}

/// The failure of a stored document that is no document.
pub(crate) fn unreadable_artifact() -> TaskFailure {
    TaskFailure::permanent(ErrorStage::Postprocess, "artifact_unreadable", "the parsed document cannot be read")
}
