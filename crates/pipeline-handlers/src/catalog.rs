//! What this crate can run, asked before a task is accepted.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use millrace_domain::capabilities::{Capabilities, ProviderCapability};
use millrace_domain::parse_options::ParseOptions;
use millrace_domain::ports::HandlerCatalog;
use millrace_domain::rule::{PostprocessMode, RuleDefinition};
use millrace_domain::{Fault, TaskKind, UserId};

use crate::engine::EngineChain;
use crate::limits::ParserLimits;
use crate::transform::Transforms;

/// The catalogue of what an executor was given.
pub struct Catalog {
    engines: Arc<EngineChain>,
    transforms: Arc<Transforms>,
    limits: ParserLimits,
    providers: Vec<ProviderCapability>,
}

impl Catalog {
    /// A catalogue of the executor's own parts.
    pub fn new(
        engines: Arc<EngineChain>,
        transforms: Arc<Transforms>,
        limits: ParserLimits,
        providers: Vec<ProviderCapability>,
    ) -> Self {
        Self { engines, transforms, limits, providers }
    }
}

#[async_trait]
impl HandlerCatalog for Catalog {
    fn check_rule(&self, definition: &RuleDefinition) -> Result<(), Fault> {
        self.transforms.check(definition)
    }

    async fn check_references(&self, user: UserId, definition: &RuleDefinition) -> Result<(), Fault> {
        self.transforms.check_references(user, definition).await
    }

    fn supports(&self, kind: TaskKind) -> bool {
        kind == TaskKind::Document
    }

    fn check_parse(&self, options: &ParseOptions) -> Result<(), Fault> {
        self.engines.check(options)
    }

    async fn capabilities(&self) -> Capabilities {
        let limits = &self.limits;
        let entries = limits.max_zip_entries as u64;
        Capabilities {
            parsers: self.engines.capabilities().await,
            rule_modes: self.transforms.modes().map(PostprocessMode::as_str).map(str::to_owned).collect(),
            providers: self.providers.clone(),
            limits: BTreeMap::from([
                ("max_file_bytes".to_owned(), limits.max_file_bytes),
                ("max_pages".to_owned(), u64::from(limits.max_pages)),
                ("max_zip_entries".to_owned(), entries),
                ("max_uncompressed_bytes".to_owned(), limits.max_uncompressed_bytes),
                ("max_output_bytes".to_owned(), limits.max_output_bytes),
                ("max_inline_rows".to_owned(), limits.max_inline_rows as u64),
                ("wall_seconds".to_owned(), limits.wall_seconds),
            ]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_skip_runs_when_nothing_else_is_given() {
        let engines = Arc::new(EngineChain::new(Vec::new(), ParserLimits::default()));
        let catalog =
            Catalog::new(engines, Arc::new(Transforms::with(Vec::new())), ParserLimits::default(), Vec::new());
        let rule = |mode| RuleDefinition { mode, ..RuleDefinition::builtin() };
        assert!(catalog.check_rule(&rule(PostprocessMode::Skip)).is_ok());
        for mode in [PostprocessMode::Llm, PostprocessMode::Extract] {
            let fault = catalog.check_rule(&rule(mode)).expect_err("no transform");
            assert_eq!(fault.code, "rule_mode_unsupported");
        }
        let options = ParseOptions { parser: Some("mineru".into()), ..ParseOptions::default() };
        assert_eq!(catalog.check_parse(&options).expect_err("no engine").code, "unknown_parser");
    }
}
