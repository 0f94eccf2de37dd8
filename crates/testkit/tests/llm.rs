//! Rules of mode `llm` through the whole application, against a fake server that answers from what it is sent.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod llm_cases {
    pub mod answers;
    pub mod documents;
    pub mod kept;
    pub mod pages;
    pub mod providers;
    pub mod support;
}
