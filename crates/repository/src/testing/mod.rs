//! What tests of this and other crates need of the stores: the contract suite that every implementation passes, a
//! comparison of two implementations under random operations, and doubles at the ports that fail on demand.

#![expect(clippy::expect_used, reason = "this module is test code that other crates' tests share")]

pub mod contract;
pub mod faulty;
pub mod model;
