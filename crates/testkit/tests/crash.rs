//! The crash loop, short, with the debug binary.

use millrace_testkit::crash::{Options, run};
use millrace_testkit::programs;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_keeps_its_promise() {
    let binary = programs::find("millrace").expect("the server is built");
    let options = Options { rounds: 3, files: 60, seed: rand::random(), binary };
    let report = run(&options, |line| println!("{line}")).await.expect("the loop goes on");
    assert!(report.violations.is_empty(), "seed {}: {:#?}", options.seed, report.violations);
    assert_eq!(report.tasks, 180, "everything is acknowledged in the end");
    assert!(report.kills >= 3);
}
