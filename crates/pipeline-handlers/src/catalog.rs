//! What this crate can run, asked before a task is accepted.

use millrace_domain::ports::HandlerCatalog;
use millrace_domain::rule::{PostprocessMode, RuleDefinition};
use millrace_domain::{ErrorKind, Fault, TaskKind};

/// Code of rules that this installation cannot run, at submit and at run alike.
pub(crate) const RULE_MODE_UNSUPPORTED: &str = "rule_mode_unsupported";

/// The catalogue of the built-in handlers.
#[derive(Debug, Clone, Copy, Default)]
pub struct BuiltinCatalog;

impl HandlerCatalog for BuiltinCatalog {
    fn check_rule(&self, definition: &RuleDefinition) -> Result<(), Fault> {
        match definition.mode {
            PostprocessMode::Skip => Ok(()),
            mode @ (PostprocessMode::Llm | PostprocessMode::Extract) => {
                Err(Fault::new(ErrorKind::Unsupported, RULE_MODE_UNSUPPORTED, unsupported_text(mode))
                    .at("/postprocess_mode"))
            }
        }
    }

    fn supports(&self, kind: TaskKind) -> bool {
        kind == TaskKind::Document
    }
}

/// Text for people about a mode that cannot run.
pub(crate) fn unsupported_text(mode: PostprocessMode) -> String {
    format!("this installation does not run rules of mode '{}'; it runs 'skip'", mode.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_skip_runs() {
        let rule = |mode| RuleDefinition { mode, ..RuleDefinition::builtin() };
        assert!(BuiltinCatalog.check_rule(&rule(PostprocessMode::Skip)).is_ok());
        for mode in [PostprocessMode::Llm, PostprocessMode::Extract] {
            let fault = BuiltinCatalog.check_rule(&rule(mode)).expect_err("unsupported");
            assert_eq!((fault.kind, fault.code), (ErrorKind::Unsupported, RULE_MODE_UNSUPPORTED));
            assert_eq!(fault.pointer.as_deref(), Some("/postprocess_mode"));
        }
        assert!(BuiltinCatalog.supports(TaskKind::Document));
        assert!(!BuiltinCatalog.supports(TaskKind::Query));
    }
}
