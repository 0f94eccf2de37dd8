//! One program for all targets: `FUZZ_TARGET` names the one to run. `scripts/fuzz.sh` starts it.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use millrace_fuzz::{Run, find, install};

static TARGET: OnceLock<Run> = OnceLock::new();

fuzz_target!(
    init: {
        install();
        TARGET.get_or_init(|| find(&std::env::var("FUZZ_TARGET").unwrap_or_default()));
    },
    |data: &[u8]| {
        if let Some(run) = TARGET.get() {
            run(data);
        }
    }
);
