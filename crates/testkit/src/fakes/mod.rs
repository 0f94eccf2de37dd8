//! Fakes of the services that Millrace speaks to: each keeps the protocol of the real one, with its traps, and moves on by
//! being asked. What a test chooses is how the service is, never what it answers.

mod docling;
mod mineru;
mod mineru_cloud;
mod mineru_output;
pub mod openai;
mod paper;
mod server;

pub use docling::{DoclingConditions, FakeDocling};
pub use mineru::{FakeMineru, MineruConditions};
pub use mineru_cloud::{Callback, FakeMineruCloud, MineruCloudConditions};
