//! The closed sets of words on the wire, as the document lists them. The words themselves come from the domain; a test
//! compares the two.

use utoipa::ToSchema;

/// Where a task stands.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a set of words in the document")]
pub enum TaskStatus {
    /// Stored, not started, or waiting for its next attempt.
    Pending,
    /// A document is being parsed.
    MineruParsing,
    /// A rule is being applied, or the result is being mounted.
    LlmProcessing,
    /// A load or query runs.
    Running,
    /// Asked to stop, not stopped yet.
    Cancelling,
    /// Done.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended because somebody asked for it.
    Cancelled,
}

/// What kind of work a task is.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a set of words in the document")]
pub enum TaskKind {
    /// A file becomes JSON.
    Document,
    /// Rows go into a data table.
    Load,
    /// SQL gives a result.
    Query,
}

/// Where an error arose.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a set of words in the document")]
pub enum ErrorStage {
    /// Storing the bytes.
    Upload,
    /// Accepting the task.
    Submit,
    /// Parsing, by whatever parser.
    Mineru,
    /// Applying the rule.
    Postprocess,
    /// Mounting the result.
    Mount,
    /// Running a load.
    Load,
    /// Running a query.
    Query,
    /// Over its deadline.
    Timeout,
}

/// Whether a mount is in place.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a set of words in the document")]
pub enum MountState {
    /// The value is in the table.
    Mounted,
    /// The key was taken and the policy was `skip`.
    Skipped,
    /// Somebody unmounted it.
    Unmounted,
    /// Something else was written over it.
    Replaced,
}

#[cfg(test)]
mod tests {
    use millrace_domain::ErrorStage as Stage;
    use millrace_domain::mount::MountState as State;
    use millrace_domain::state_machine::STATUSES;
    use millrace_domain::{TaskKind as Kind, mount::ConflictPolicy};
    use utoipa::PartialSchema;

    use super::*;
    use crate::wire::mount::Conflict;

    fn words<T: PartialSchema>() -> Vec<String> {
        let schema = serde_json::to_value(T::schema()).expect("a schema");
        serde_json::from_value(schema["enum"].clone()).expect("words")
    }

    #[test]
    fn the_document_lists_the_words_of_the_domain() {
        assert_eq!(words::<TaskStatus>(), STATUSES);
        assert_eq!(words::<TaskKind>(), Kind::ALL.map(Kind::as_str));
        assert_eq!(words::<Conflict>(), ConflictPolicy::ALL.map(ConflictPolicy::as_str));
        let states = [State::Mounted, State::Skipped, State::Unmounted, State::Replaced];
        assert_eq!(words::<MountState>(), states.map(State::as_str));
        let before = [Stage::Upload, Stage::Submit, Stage::Mineru, Stage::Postprocess];
        let stages = [before.as_slice(), &[Stage::Mount, Stage::Load, Stage::Query, Stage::Timeout]].concat();
        assert_eq!(words::<ErrorStage>(), stages.into_iter().map(Stage::as_str).collect::<Vec<_>>());
    }
}
