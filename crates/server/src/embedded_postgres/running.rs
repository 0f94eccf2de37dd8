//! Finds the server that another process runs on a data folder, for commands that look in while `millrace serve` works.

use std::fs;
use std::path::Path;

use super::data_dir::DataDir;
use super::{DATABASE, ROLE, url};

/// The connection URL of the private Postgres that another process runs on this folder; `None` when none says that it serves.
///
/// It comes from `postmaster.pid`, which only the users who may connect can read. After a crash the file may be stale: then the
/// connection fails.
pub fn running_database_url(data: &DataDir) -> Option<String> {
    let text = fs::read_to_string(data.path().join("postgres/postmaster.pid")).ok()?;
    let socket_dir = socket_dir_of(&text)?;
    Some(url(Path::new(socket_dir), ROLE, DATABASE))
}

/// The fifth line names the folder of the socket, the eighth the state.
fn socket_dir_of(pid_file: &str) -> Option<&str> {
    let lines: Vec<&str> = pid_file.lines().map(str::trim).collect();
    match lines.as_slice() {
        [_, _, _, _, dir, _, _, "ready", ..] if !dir.is_empty() => Some(dir),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_that_serves_counts() {
        let ready = "7\n/data/postgres\n17\n5432\n/data/run\n\n  51 4\nready   \n";
        assert_eq!(socket_dir_of(ready), Some("/data/run"));
        for text in ["", "7\n", &ready.replace("ready", "starting"), &ready.replace("/data/run", "")] {
            assert_eq!(socket_dir_of(text), None, "{text:?}");
        }
    }
}
