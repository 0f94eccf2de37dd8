//! What tests of this and other crates need of the stores: doubles at the ports that fail on demand.

pub mod faulty;
