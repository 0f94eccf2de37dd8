//! A data folder of its own, and the processes that run on it.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder with a data folder in it, and settings for the commands that are run there.
pub struct Home {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Home {
    pub fn new() -> Self {
        // Passable for the user that runs Postgres when the tests run as root.
        let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().unwrap();
        let home = Self { folder, variables: Vec::new() };
        home.with("MILLRACE_SERVER__BIND", "127.0.0.1:0").with("MILLRACE_DATABASE__EMBEDDED__SHARED_BUFFERS_MB", "16")
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Writes a file below this folder.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_millrace"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if (name.starts_with("MILLRACE_") && name != "MILLRACE_PG_BIN") || name == "DATABASE_URL" {
                command.env_remove(name);
            }
        }
        // Not the folder with the data, so that relative paths cannot help.
        command.args(args).current_dir(self.path()).env("MILLRACE_DATA_DIR", self.data());
        command.envs(self.variables.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        ran(&mut self.command(args))
    }

    pub fn serve(&self) -> Server {
        let log = self.path().join("server.log");
        let mut process =
            self.command(&["serve"]).stdout(Stdio::piped()).stderr(File::create(&log).unwrap()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let banner = banner(&mut stdout);
        let Some((url, identity)) = banner.as_deref().and_then(|line| line.split_once(" — ")) else {
            process.kill().unwrap();
            process.wait().unwrap();
            panic!("the server did not start: {banner:?}\n{}", fs::read_to_string(&log).unwrap());
        };
        let mut attempt = String::new();
        stdout.read_line(&mut attempt).unwrap();
        Server {
            process: Some(process),
            stdout,
            url: url.to_owned(),
            identity: identity.trim().to_owned(),
            attempt: attempt.trim().strip_prefix("try:  ").unwrap().to_owned(),
            log,
        }
    }

    /// The process number of the private Postgres, while it runs.
    pub fn postgres(&self) -> Option<u32> {
        let text = fs::read_to_string(self.data().join("postgres/postmaster.pid")).ok()?;
        let pid = text.lines().next()?.parse().ok()?;
        Path::new(&format!("/proc/{pid}")).exists().then_some(pid)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // What a killed server left behind.
        if let Some(pid) = self.postgres() {
            let _ = kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGQUIT);
        }
    }
}

fn banner(stdout: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    line.strip_prefix("listening on ").map(str::to_owned)
}

pub fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

impl Ran {
    /// Asserts success.
    pub fn good(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Asserts exit code 1 and a text on standard error.
    pub fn bad(self, text: &str) -> Self {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert!(self.err.contains(text), "{self:?}");
        self
    }

    /// Asserts a text on standard output.
    pub fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text), "no '{text}' in {self:?}");
        self
    }
}

/// A running `millrace serve`.
pub struct Server {
    process: Option<Child>,
    stdout: BufReader<ChildStdout>,
    pub url: String,
    pub identity: String,
    /// The line to try that it printed.
    pub attempt: String,
    log: PathBuf,
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// Runs a client command against this server.
    pub fn run(&self, home: &Home, args: &[&str]) -> Ran {
        ran(home.command(args).env("MILLRACE_URL", &self.url))
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().try_into().unwrap()), signal).unwrap();
    }

    /// Waits for its end; with what else it printed.
    pub fn ended(mut self) -> (ExitStatus, String) {
        let mut process = self.process.take().unwrap();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || sender.send(process.wait()));
        let Ok(status) = receiver.recv_timeout(PATIENCE) else {
            panic!("it does not end:\n{}", fs::read_to_string(&self.log).unwrap());
        };
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (status.unwrap(), rest)
    }

    /// `kill -9`.
    pub fn kill(self) {
        self.signal(Signal::SIGKILL);
        self.ended();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Asks until the answer is yes. Each question runs a command or a request, which paces it.
pub fn until(what: &str, mut question: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !question() {
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
    }
}
