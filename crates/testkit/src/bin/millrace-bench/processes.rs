//! What the kernel says of processes.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Memory of a process, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Resident, pages shared with other processes included.
    pub resident: u64,
    /// Resident, each shared page divided by those who share it.
    pub proportional: u64,
}

/// The memory of a process.
///
/// # Errors
/// When it is gone or belongs to somebody else.
pub fn memory(pid: u32) -> Result<Memory> {
    Ok(Memory {
        resident: kibibytes(&format!("/proc/{pid}/status"), "VmRSS:")?,
        proportional: kibibytes(&format!("/proc/{pid}/smaps_rollup"), "Pss:")?,
    })
}

/// Most resident memory since [`forget_peak`], in bytes.
///
/// # Errors
/// When the process is gone.
pub fn peak_resident(pid: u32) -> Result<u64> {
    kibibytes(&format!("/proc/{pid}/status"), "VmHWM:")
}

/// Starts the peak anew from the present.
///
/// # Errors
/// When the kernel does not allow it.
pub fn forget_peak(pid: u32) -> Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("the peak of memory cannot be reset")
}

fn kibibytes(path: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"));
    let value: u64 = value.with_context(|| format!("{path} has no {name}"))?.trim().parse()?;
    Ok(value * 1024)
}

/// The children of a process that were started with this argument.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn children(parent: u32, argument: &str) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(pid) = entry?.file_name().to_string_lossy().parse::<u32>() else { continue };
        // A process may end while its files are read; then it is no child any more.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let Ok(command) = fs::read(format!("/proc/{pid}/cmdline")) else { continue };
        let ours = fields_after_name(&stat).get(1).and_then(|text| text.parse().ok()) == Some(parent);
        if ours && command.split(|byte| *byte == 0).any(|word| word == argument.as_bytes()) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// Processor time of this process, all threads together.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn process_time() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = fields_after_name(&stat);
    // utime and stime, in hundredths of a second on every Linux.
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok()).context("no processor time");
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

/// Processor time of the calling thread.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn thread_time() -> Result<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split_whitespace().next().context("no processor time")?.parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}

/// The fields of `/proc/…/stat` from the third on; the second, the name, may hold anything.
fn fields_after_name(stat: &str) -> Vec<&str> {
    stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_knows_its_memory() {
        let memory = memory(std::process::id()).unwrap();
        assert!(memory.resident > 1 << 20 && memory.proportional <= memory.resident);
        assert!(peak_resident(std::process::id()).unwrap() >= memory.resident / 2);
    }

    #[test]
    fn children_are_found_by_parent_and_argument() {
        // Until its first line is there the child may still be between fork and exec, without arguments.
        let script = ["-c", "echo started; read line", "script", "600"];
        let (input, output) = (Stdio::piped(), Stdio::piped());
        let mut child = Command::new("sh").args(script).stdin(input).stdout(output).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let found = children(std::process::id(), "600").unwrap();
        let others = children(std::process::id(), "601").unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((found, others), (vec![child.id()], vec![]));
    }
}
