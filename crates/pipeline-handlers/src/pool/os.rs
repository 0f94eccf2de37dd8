//! What a parser process asks of the system: limits on itself, and to die with its parent.

use std::io;

use rlimit::Resource;

/// Files a parser process may have open: its pipes, the document and a few to spare.
const OPEN_FILES: u64 = 64;

/// Limits that hold for the whole life of a parser process. Best effort on systems that lack one of them.
pub(super) fn confine() {
    for (resource, limit) in [(Resource::NOFILE, OPEN_FILES), (Resource::CORE, 0)] {
        if let Err(error) = rlimit::setrlimit(resource, limit, limit) {
            tracing::debug!(?resource, %error, "a limit could not be set");
        }
    }
    die_with_parent();
}

/// Limits of one parse. Only the soft limits move, so that the next request can move them again.
pub(super) fn limit_parse(baseline: Option<u64>, memory_bytes: u64, cpu_seconds: u64) -> io::Result<()> {
    if let Some(baseline) = baseline {
        soften(Resource::AS, baseline.saturating_add(memory_bytes))?;
    }
    soften(Resource::CPU, cpu_seconds_used().saturating_add(cpu_seconds))
}

/// Moves a soft limit, never beyond the hard one: a container's own limit stays what it is.
fn soften(resource: Resource, limit: u64) -> io::Result<()> {
    let (_, hard) = rlimit::getrlimit(resource)?;
    rlimit::setrlimit(resource, limit.min(hard), hard)
}

/// What a process uses, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    /// Address space.
    pub(super) space: u64,
    /// Resident memory that no other process shares.
    pub(super) private: u64,
}

/// Memory in use; `None` where the system does not tell.
pub(super) fn memory_in_use() -> Option<Memory> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let mut pages = statm.split_ascii_whitespace().map(str::parse::<u64>);
    let (space, resident, shared) = (pages.next()?.ok()?, pages.next()?.ok()?, pages.next()?.ok()?);
    let page = page_bytes();
    Some(Memory { space: space * page, private: resident.saturating_sub(shared) * page })
}

#[expect(unsafe_code, reason = "sysconf takes no pointer and changes nothing")]
fn page_bytes() -> u64 {
    // SAFETY: no memory is involved.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(bytes).unwrap_or(4096)
}

/// Whole seconds of processor time this process has used, rounded up.
#[expect(unsafe_code, reason = "getrusage fills a plain struct that lives on this stack")]
fn cpu_seconds_used() -> u64 {
    // SAFETY: `rusage` is a plain C struct for which all zeros are valid; the pointer is valid for the call.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        if libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) != 0 {
            return 0;
        }
        usage
    };
    let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
    let micros = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    u64::try_from(seconds + (micros + 999_999) / 1_000_000).unwrap_or(0)
}

/// Asks for SIGKILL when the thread that started this process ends.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "prctl takes plain numbers")]
fn die_with_parent() {
    // SAFETY: no memory is involved. When it fails, the end of standard input still ends an idle process.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent() {}
