//! What the fuzz targets share: how an input becomes a file, what may go wrong with it, and what must hold of whatever
//! is read from it. A target is a line that names one of these functions; `docs/parsers.md` says how to run them.

mod check;
mod contained;
mod limits;
pub mod parse;
pub mod plain;
pub mod pointers;
pub mod rules;
pub mod services;
pub mod text;

#[doc(hidden)]
pub use contained::install;
#[doc(hidden)]
pub use libfuzzer_sys;

/// Makes a program of a function from bytes.
#[macro_export]
macro_rules! target {
    ($run:expr) => {
        $crate::libfuzzer_sys::fuzz_target!(init: $crate::install(), |data: &[u8]| { ($run)(data) });
    };
}
