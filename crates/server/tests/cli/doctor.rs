//! The check of an installation.

use crate::home::Home;

#[test]
fn a_healthy_installation_is_well() {
    let home = Home::new();
    home.run(&["migrate"]).good();
    let checked = home.run(&["doctor"]).good().says("all is well");
    for what in
        ["configuration", "data folder", "server", "parsers", "Postgres", "database", "objects", "tasks", "orphans"]
    {
        let line = format!("ok    {what:<15} ");
        assert!(checked.out.contains(&line), "no '{line}' in {checked:?}");
    }
    assert_eq!(home.postgres(), None, "doctor left Postgres running");
}

#[test]
fn a_running_server_is_looked_at_beside_its_work() {
    let home = Home::new();
    let server = home.serve();
    // The check asks the configured address.
    let address = server.url.strip_prefix("http://").unwrap();
    let mut doctor = home.command(&["doctor"]);
    let checked = crate::home::ran(doctor.env("MILLRACE_SERVER__BIND", address)).good();
    checked.says(&format!("millrace, process {}, runs and is ready", server.pid())).says("all is well");
}

#[test]
fn orphans_are_counted_and_removed_when_asked() {
    let home = Home::new();
    home.file("docs/a.txt", "a");
    let server = home.serve();
    server.run(&home, &["upload", "docs", "--wait"]).good();
    server.kill();
    let orphan = home.file("data/objects/users/1/raw/1/4711.txt", "nobody's");
    home.run(&["doctor", "--orphan-grace", "0"]).good().says("warn  orphans         1 of ").says("8 B");
    assert!(orphan.exists(), "it was removed without --fix");
    home.run(&["doctor", "--orphan-grace", "0", "--fix"]).good().says("belonged to no row and were removed (8 B)");
    assert!(!orphan.exists());
    home.run(&["doctor", "--orphan-grace", "0"]).good().says("all is well");
}

#[test]
fn what_is_broken_is_named_with_a_remedy() {
    let home = Home::new().with("MILLRACE_DATABASE__EMBEDDED__BIN_DIR", "/nonexistent");
    let checked = home.run(&["doctor"]);
    assert_eq!(checked.code, Some(1));
    checked.says("fail  database        '/nonexistent' is not a PostgreSQL bin folder").says("1 broken");

    let home = Home::new().with("MILLRACE_NONSENSE", "1");
    let checked = home.run(&["doctor"]);
    assert_eq!(checked.code, Some(1));
    checked.says("fail  configuration   ").says("MILLRACE_NONSENSE");

    let home = Home::new().with("MILLRACE_DATABASE__URL", "postgres://127.0.0.1:1/none");
    let checked = home.run(&["doctor"]);
    assert_eq!(checked.code, Some(1));
    checked.says("fail  database        ").says("check database.url");

    let home = Home::new();
    home.file("data", "not a folder");
    let checked = home.run(&["doctor"]);
    assert_eq!(checked.code, Some(1));
    checked.says("fail  data folder     ").says("set data_dir");
}
