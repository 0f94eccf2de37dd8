//! Cancelled, or over its deadline, a task costs nothing more: nobody is asked after it, and no process works for it.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use millrace_domain::ports::Clock;
use millrace_queue::SystemClock;
use millrace_repository::testing::faulty::FakeClock;
use millrace_server::config::{Config, EngineName, RemoteLimits};
use millrace_testkit::fakes::{FakeMineru, MineruConditions};
use millrace_testkit::{Form, TestApp};
use serde_json::{Value, json};

use crate::support::{app_at, pdf};

/// How a task is stopped.
enum Stop {
    Cancel,
    /// By moving the time.
    Deadline(FakeClock),
}

impl Stop {
    fn clock(&self) -> Arc<dyn Clock> {
        match self {
            Self::Cancel => Arc::new(SystemClock),
            Self::Deadline(clock) => clock.port(),
        }
    }

    /// Stops a task that runs; how it ended.
    async fn stop(&self, app: &TestApp, task: i64) -> Value {
        match self {
            Self::Cancel => {
                app.client.post(&format!("/api/v1/etl/tasks/{task}/cancel"), Value::Null).await;
                let ended = app.client.wait(task).await;
                assert_eq!(ended["status"], "cancelled", "{ended}");
                ended
            }
            Self::Deadline(clock) => {
                clock.advance(Duration::from_secs(601));
                let ended = app.client.wait(task).await;
                assert_eq!(ended["error"]["code"], "deadline_exceeded", "{ended}");
                ended
            }
        }
    }
}

async fn nobody_is_asked_after_it(stop: Stop) {
    let fake = FakeMineru::start(MineruConditions { pending: 30, ..Default::default() }).expect("a fake");
    let app = app_at(stop.clock(), |config: &mut Config| {
        config.parsers.order = vec![EngineName::Mineru];
        config.queue.max_attempts = 1;
        let mineru = &mut config.parsers.mineru;
        mineru.url = Some(fake.base().to_owned());
        // One place at the service: the next file is sent only when the first has left it.
        mineru.limits = RemoteLimits { concurrency: 1, poll_first_ms: 1, poll_max_ms: 2, ..RemoteLimits::default() };
    })
    .await;
    let project = app.client.project().await;
    let task = app.client.submitted(Form::of(project).file("long.pdf", pdf(1, "hang"))).await[0];
    fake.wait_for_questions(0, 3).await;
    stop.stop(&app, task).await;
    let next = app.client.submitted(Form::of(project).file("next.pdf", pdf(1, ""))).await[0];
    fake.wait_for_questions(1, 1).await;
    // A question that was on its way may still arrive.
    let before = fake.questions(0);
    assert_eq!(app.client.wait(next).await["status"], "completed");
    assert!(fake.questions(1) > 30, "time enough to be asked");
    assert!(fake.questions(0) <= before + 1, "{} questions, then {}", before, fake.questions(0));
    app.finish().await.expect("nothing is left");
}

#[tokio::test]
async fn a_cancel_ends_the_questions() {
    nobody_is_asked_after_it(Stop::Cancel).await;
}

#[tokio::test]
async fn a_deadline_ends_the_questions() {
    nobody_is_asked_after_it(Stop::Deadline(FakeClock::default())).await;
}

/// A program that says it is Tesseract, and then works for ever. It holds the pipe open as long as it lives.
fn endless_tesseract(folder: &Path) -> std::path::PathBuf {
    let (program, pipe) = (folder.join("tesseract"), folder.join("pipe"));
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n*--version*) echo 'tesseract 5.3.0';;\n*--list-langs*) printf 'List:\\neng\\n';;\n*) exec 3>'{}'; echo $$ >&3; exec /bin/sleep 100000;;\nesac\n",
        pipe.display()
    );
    std::fs::write(&program, script).expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("executable");
    program
}

async fn its_child_dies(stop: Stop) {
    let folder = tempfile::tempdir().expect("a folder");
    let program = endless_tesseract(folder.path());
    let app = app_at(stop.clock(), |config: &mut Config| {
        config.parsers.order = vec![EngineName::Tesseract];
        config.parsers.tesseract.program = Some(program.clone());
        config.queue.max_attempts = 1;
    })
    .await;
    let project = app.client.project().await;
    let picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    let task = app.client.submitted(Form::of(project).file("photo.png", picture)).await[0];
    let pipe = folder.path().join("pipe");
    let started = tokio::task::spawn_blocking(move || {
        let mut pipe = BufReader::new(std::fs::File::open(pipe).expect("the program has opened it"));
        let mut id = String::new();
        pipe.read_line(&mut id).expect("its id");
        (pipe, id.trim().parse::<u32>().expect("a number"))
    });
    let (mut pipe, id) = started.await.expect("it runs");
    assert!(Path::new(&format!("/proc/{id}")).exists());
    let ended = stop.stop(&app, task).await;
    assert_ne!(ended["status"], json!("completed"));
    // The other end is closed when the process is gone, and not before.
    let mut rest = Vec::new();
    tokio::task::spawn_blocking(move || pipe.read_to_end(&mut rest)).await.expect("read").expect("to its end");
    app.finish().await.expect("nothing is left");
}

#[tokio::test]
async fn a_cancel_kills_tesseract() {
    its_child_dies(Stop::Cancel).await;
}

#[tokio::test]
async fn a_deadline_kills_tesseract() {
    its_child_dies(Stop::Deadline(FakeClock::default())).await;
}
