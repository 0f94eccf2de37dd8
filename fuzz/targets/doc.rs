#![no_main]

millrace_fuzz::target!(|data: &[u8]| millrace_fuzz::parse::in_child("a.doc", data));
