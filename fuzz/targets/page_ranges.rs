#![no_main]

millrace_fuzz::target!(millrace_fuzz::pointers::page_ranges);
