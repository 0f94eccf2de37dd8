//! Folders, queries and child processes for the tests of the private Postgres.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests, which end the test when they fail")]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use millrace_server::embedded_postgres::{DataDir, Durability, EmbeddedPostgres, PostgresError, PostgresOptions};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User};

/// The data folder for a child process to hold; its presence makes a test process a child.
const FOLDER_VARIABLE: &str = "MILLRACE_TEST_HOLD";

pub fn is_root() -> bool {
    Uid::effective().is_root()
}

/// Settings that make starts quick.
pub fn options() -> PostgresOptions {
    PostgresOptions { durability: Durability::Disposable, shared_buffers_mb: 16, ..PostgresOptions::default() }
}

/// A data folder, removed at the end.
pub struct TestFolder {
    _parent: tempfile::TempDir,
    path: PathBuf,
}

impl TestFolder {
    /// One that every user may pass through.
    pub fn reachable() -> Self {
        Self::with(0o711, "data")
    }

    /// The same under a given name.
    pub fn reachable_at(name: &str) -> Self {
        Self::with(0o711, name)
    }

    /// One below a folder that is closed to all others, as `/root` is.
    pub fn hidden() -> Self {
        Self::with(0o700, "data")
    }

    fn with(mode: u32, name: &str) -> Self {
        let parent = tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempdir().unwrap();
        let path = parent.path().canonicalize().unwrap().join(name);
        Self { _parent: parent, path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn data(&self) -> DataDir {
        DataDir::open(&self.path).unwrap()
    }

    pub async fn start(&self) -> Result<EmbeddedPostgres, PostgresError> {
        EmbeddedPostgres::start(&self.data(), &options()).await
    }
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub async fn execute(url: &str, sql: &str) {
    connect(url).await.batch_execute(sql).await.unwrap();
}

/// A statement that must fail.
pub async fn execute_refused(url: &str, sql: &str) {
    connect(url).await.batch_execute(sql).await.unwrap_err();
}

pub async fn query_text(url: &str, sql: &str) -> String {
    let rows = connect(url).await.simple_query(sql).await.unwrap();
    let value = rows.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    value.unwrap()
}

pub fn kill_process(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.try_into().unwrap()), signal).unwrap();
}

pub fn process_exists(pid: u32) -> bool {
    // A zombie whose new parent has not collected it yet runs no more.
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

/// Writes a file that belongs to whoever owns the folder it is in.
pub fn write_as_owner(path: &PathBuf, text: &str) {
    fs::write(path, text).unwrap();
    let owner = fs::metadata(path.parent().unwrap()).unwrap();
    chown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
}

/// Another process that runs a private Postgres until it is told to end, or killed.
pub struct ChildProcess {
    process: Child,
    stdin: Option<ChildStdin>,
    postgres_pid: u32,
    // Kept open: its last line is still to come.
    _stdout: Lines<BufReader<ChildStdout>>,
    _program: tempfile::TempDir,
}

impl ChildProcess {
    /// Starts one on a data folder, under root as `user` when given.
    pub fn holding(folder: &TestFolder, user: Option<&str>) -> Self {
        // The build folder may be out of reach for the other user.
        let program = tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().unwrap();
        let copy = program.path().join("child");
        // By another program: a handle of ours, open for writing and inherited by a child of another test, would make it "busy".
        let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&copy).status().unwrap();
        assert!(copied.success());
        let mut command = Command::new(copy);
        command.args(["--exact", "body_of_a_child_process", "--nocapture"]).env(FOLDER_VARIABLE, folder.path());
        command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(user) = user.filter(|_| is_root()) {
            let user = User::from_name(user).unwrap().unwrap();
            let parent = folder.path().parent().unwrap();
            chown(parent, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw()).env_remove("XDG_RUNTIME_DIR");
        }
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready =
            lines.by_ref().map_while(Result::ok).find_map(|line| line.split("ready ").nth(1).map(str::to_owned));
        let postgres_pid = ready.expect("the child did not start Postgres").trim().parse().unwrap();
        let stdin = process.stdin.take();
        Self { process, stdin, postgres_pid, _stdout: lines, _program: program }
    }

    pub fn postgres_pid(&self) -> u32 {
        self.postgres_pid
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Lets it stop in order.
    pub fn finish(&mut self) {
        drop(self.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

/// In a child process: runs Postgres with one committed row until standard input ends.
pub async fn hold_if_asked() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return };
    let data = DataDir::open(Path::new(&folder)).unwrap();
    let options = PostgresOptions { durability: Durability::Durable, ..options() };
    let server = EmbeddedPostgres::start(&data, &options).await.unwrap();
    execute(&server.database_url(), "CREATE TABLE held AS SELECT 'held' AS value").await;
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready {}", server.pid()).unwrap();
    out.flush().unwrap();
    drop(out);
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    server.stop().await.unwrap();
}
