#![no_main]

millrace_fuzz::target!(millrace_fuzz::services::mineru);
