#![no_main]

millrace_fuzz::target!(|data: &[u8]| millrace_fuzz::parse::rows("a.ndjson", data));
