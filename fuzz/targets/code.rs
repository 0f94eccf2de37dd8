#![no_main]

millrace_fuzz::target!(|data: &[u8]| millrace_fuzz::parse::in_server("a.rs", data));
