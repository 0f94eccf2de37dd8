//! The private Postgres against real processes: starts, stops, crashes, and what it finds afterwards.

mod support;

use std::fs;
use std::time::Duration;

use millrace_server::embedded_postgres::{EmbeddedPostgres, PostgresError, PostgresOptions, running_database_url};
use nix::sys::signal::Signal;

use support::{ChildProcess, TestFolder, execute, is_root, kill_process, options, process_exists, query_text};

#[tokio::test]
async fn data_survives_a_stop_and_a_start() {
    let folder = TestFolder::reachable();
    let server = folder.start().await.unwrap();
    execute(&server.database_url(), "CREATE TABLE kept AS SELECT 'here' AS value").await;
    let pid = server.pid();
    server.stop().await.unwrap();
    assert!(!process_exists(pid));

    let server = folder.start().await.unwrap();
    assert_eq!(query_text(&server.database_url(), "SELECT value FROM kept").await, "here");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn settings_are_safe() {
    let folder = TestFolder::reachable();
    let server = EmbeddedPostgres::start(&folder.data(), &PostgresOptions::default()).await.unwrap();
    let url = server.database_url();
    for (setting, expected) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("is_superuser", "off"),
        ("max_connections", "100"),
    ] {
        assert_eq!(query_text(&url, &format!("SHOW {setting}")).await, expected, "{setting}");
    }
    assert_eq!(query_text(&url, "SELECT datcollate::text FROM pg_database WHERE datname = 'millrace'").await, "C");
    assert_eq!(query_text(&url, "SELECT current_user::text").await, "millrace");
    execute(&server.superuser_url(), "CHECKPOINT").await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_operator_adds_settings_in_custom_conf() {
    let folder = TestFolder::reachable();
    let server = folder.start().await.unwrap();
    fs::write(server.cluster().join("custom.conf"), "work_mem = '7MB'\n").unwrap();
    server.stop().await.unwrap();
    let server = folder.start().await.unwrap();
    assert_eq!(query_text(&server.database_url(), "SHOW work_mem").await, "7MB");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_is_started_again() {
    let folder = TestFolder::reachable();
    let server = folder.start().await.unwrap();
    execute(&server.database_url(), "CREATE TABLE kept AS SELECT 'here' AS value").await;
    let killed = server.pid();
    let mut changes = server.pid_changes();
    kill_process(killed, Signal::SIGKILL);
    let next = tokio::time::timeout(Duration::from_secs(60), changes.wait_for(|pid| *pid != 0 && *pid != killed));
    assert!(next.await.is_ok(), "Postgres was not started again");
    assert_eq!(query_text(&server.database_url(), "SELECT value FROM kept").await, "here");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_instance_is_refused_and_told_who_has_the_folder() {
    let folder = TestFolder::reachable();
    let server = folder.start().await.unwrap();
    let refusal = folder.start().await.unwrap_err();
    assert!(
        matches!(&refusal, PostgresError::Locked { pid: Some(pid), .. } if *pid == std::process::id()),
        "{refusal:?}"
    );
    let text = refusal.to_string();
    assert!(
        text.starts_with("another millrace (process ") && text.contains(&folder.path().display().to_string()),
        "{text}"
    );
    server.stop().await.unwrap();
    folder.start().await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn an_orphan_of_a_killed_process_is_replaced_and_its_commits_are_kept() {
    let folder = TestFolder::reachable();
    let mut child = ChildProcess::holding(&folder, None);
    let orphan = child.postgres_pid();
    assert!(process_exists(orphan));
    child.kill();
    assert!(process_exists(orphan), "Postgres is meant to outlive a killed millrace; this test would prove nothing");

    let server = folder.start().await.unwrap();
    assert!(!process_exists(orphan), "the orphan still runs");
    assert_ne!(server.pid(), orphan);
    assert_eq!(query_text(&server.database_url(), "SELECT value FROM held").await, "held");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn commits_survive_when_both_are_killed() {
    let folder = TestFolder::reachable();
    let mut child = ChildProcess::holding(&folder, None);
    let orphan = child.postgres_pid();
    child.kill();
    kill_process(orphan, Signal::SIGKILL);
    let server = folder.start().await.unwrap();
    assert_eq!(query_text(&server.database_url(), "SELECT value FROM held").await, "held");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_log_holds_no_values() {
    let folder = TestFolder::reachable();
    let server = folder.start().await.unwrap();
    execute(&server.database_url(), "CREATE TABLE t (secret text PRIMARY KEY); INSERT INTO t VALUES ('hunter2')").await;
    support::execute_refused(&server.database_url(), "INSERT INTO t VALUES ('hunter2')").await;
    server.stop().await.unwrap();
    let log = fs::read_to_string(folder.path().join("postgres.log")).unwrap();
    assert!(log.contains("duplicate key value violates unique constraint"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}

#[tokio::test]
async fn stale_pid_files_are_no_obstacle() {
    let folder = TestFolder::reachable();
    let server = folder.start().await.unwrap();
    let pid_file = server.cluster().join("postmaster.pid");
    let dead = server.pid();
    let socket_dir = fs::read_to_string(&pid_file).unwrap().lines().nth(4).unwrap().to_owned();
    server.stop().await.unwrap();
    // A number that nobody has, that of a live process which is no Postgres, and a half-written file.
    for text in [format!("{dead}\n"), format!("{}\n", std::process::id()), "1\n".to_owned(), String::new()] {
        let written = if text.is_empty() { text } else { format!("{text}/elsewhere\n1\n5432\n{socket_dir}\n") };
        support::write_as_owner(&pid_file, &written);
        support::write_as_owner(&format!("{socket_dir}/.s.PGSQL.5432.lock").into(), &written);
        let outcome = folder.start().await;
        let server = outcome.unwrap_or_else(|error| panic!("with {written:?}: {error}"));
        server.stop().await.unwrap();
    }
}

#[tokio::test]
async fn an_unfinished_first_start_is_repeated() {
    let folder = TestFolder::reachable();
    let unfinished = folder.path().join("postgres.new");
    fs::create_dir_all(unfinished.join("base")).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    let server = folder.start().await.unwrap();
    assert!(!unfinished.exists());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_missing_role_or_database_is_made_again() {
    let folder = TestFolder::reachable();
    let server = folder.start().await.unwrap();
    execute(&server.superuser_url(), "DROP DATABASE millrace").await;
    server.stop().await.unwrap();
    let server = folder.start().await.unwrap();
    assert_eq!(query_text(&server.database_url(), "SELECT 'ok'").await, "ok");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_long_path_moves_only_the_socket() {
    let folder = TestFolder::reachable_at(&"x".repeat(120));
    let server = folder.start().await.unwrap();
    assert!(server.cluster().starts_with(folder.path()));
    assert_eq!(query_text(&server.database_url(), "SELECT 'ok'").await, "ok");
    server.destroy().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_postgres_cannot_reach_gets_a_link() {
    let folder = TestFolder::hidden();
    let server = folder.start().await.unwrap();
    execute(&server.database_url(), "CREATE TABLE kept AS SELECT 'here' AS value").await;
    let cluster = server.cluster().to_path_buf();
    assert_eq!(!cluster.starts_with(folder.path()), is_root(), "{}", cluster.display());
    server.stop().await.unwrap();

    let server = folder.start().await.unwrap();
    assert_eq!(server.cluster(), cluster);
    assert_eq!(query_text(&server.database_url(), "SELECT value FROM kept").await, "here");
    server.destroy().await.unwrap();
    assert!(!cluster.exists() && !folder.path().join("postgres").exists());
}

#[tokio::test]
async fn an_unprivileged_user_needs_no_root() {
    // Under root this becomes another user; any other user is the case already.
    let folder = TestFolder::reachable();
    let mut child = ChildProcess::holding(&folder, Some("nobody"));
    let pid = child.postgres_pid();
    child.finish();
    assert!(!process_exists(pid));
    // Root then runs Postgres as the owner of what it finds.
    let server = folder.start().await.unwrap();
    assert_eq!(query_text(&server.database_url(), "SELECT value FROM held").await, "held");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn refusals_name_the_cause() {
    let folder = TestFolder::reachable();
    let nowhere = PostgresOptions { bin_dir: Some("/nonexistent".into()), ..options() };
    let error = EmbeddedPostgres::start(&folder.data(), &nowhere).await.unwrap_err();
    assert!(matches!(error, PostgresError::BinDirUnusable { .. }), "{error}");

    let server = folder.start().await.unwrap();
    let (cluster, major) = (server.cluster().to_path_buf(), server.major_version());
    server.stop().await.unwrap();
    let custom = cluster.join("custom.conf");
    fs::write(&custom, "no_such_setting = 1\n").unwrap();
    let error = folder.start().await.unwrap_err();
    assert!(matches!(&error, PostgresError::Exited { tail, .. } if tail.contains("no_such_setting")), "{error}");
    fs::remove_file(&custom).unwrap();

    fs::write(cluster.join("PG_VERSION"), "99\n").unwrap();
    let error = folder.start().await.unwrap_err();
    assert!(error.to_string().contains("install the package 'postgresql-99'"), "{error}");
    fs::write(cluster.join("PG_VERSION"), format!("{major}\n")).unwrap();

    fs::remove_dir_all(&cluster).unwrap();
    fs::create_dir(&cluster).unwrap();
    let error = folder.start().await.unwrap_err();
    assert!(matches!(error, PostgresError::NotACluster { .. }), "{error}");
}

#[tokio::test]
async fn other_commands_find_the_running_server() {
    let folder = TestFolder::reachable();
    assert_eq!(running_database_url(&folder.data()), None);
    let server = folder.start().await.unwrap();
    let url = running_database_url(&folder.data()).unwrap();
    assert_eq!(url, server.database_url());
    server.stop().await.unwrap();
    assert_eq!(running_database_url(&folder.data()), None);
}

#[tokio::test]
async fn dropping_stops_the_server() {
    let folder = TestFolder::reachable();
    let server = folder.start().await.unwrap();
    let pid = server.pid();
    drop(server);
    assert!(!process_exists(pid));
}

/// Not a case of its own: the body of the processes that [`ChildProcess`] starts, recognised by their environment.
#[tokio::test]
async fn body_of_a_child_process() {
    support::hold_if_asked().await;
}
