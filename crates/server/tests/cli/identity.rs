//! API keys.

use crate::home::Home;

#[test]
fn a_key_is_made_without_a_server_and_opens_the_door() {
    let home = Home::new();
    let made = home.run(&["keys", "create", "nightly import", "--expires-days", "30"]).good();
    let secret = made.out.trim();
    assert!(secret.starts_with("mlr_live_") && made.out.lines().count() == 1, "{made:?}");
    let listed = home.run(&["keys", "list"]).good().says("nightly import").says("valid");
    assert!(!listed.out.contains(secret), "{listed:?}");

    let server = home.serve();
    assert_eq!(server.identity, "API keys");
    assert!(server.attempt.contains("Authorization: Bearer"), "{}", server.attempt);
    server.run(&home, &["tasks"]).bad("give a key with --api-key or MILLRACE_API_KEY");
    server.run(&home, &["tasks", "--api-key", secret]).good().says("no tasks");

    // Through the server: made, listed and ended by whoever has a key.
    let second = server.run(&home, &["keys", "create", "second", "--api-key", secret]).good();
    let second = second.out.trim();
    server.run(&home, &["tasks", "--api-key", second]).good();
    let listed = server.run(&home, &["keys", "list", "--api-key", second]).good();
    let line = listed.out.lines().find(|line| line.contains("nightly import")).unwrap().to_owned();
    let id = line.split_whitespace().next().unwrap();
    server.run(&home, &["keys", "revoke", id, "--api-key", second]).good();
    server.run(&home, &["tasks", "--api-key", secret]).bad("[invalid_credentials]");
    server.run(&home, &["keys", "list", "--api-key", second]).good().says("revoked");
}

#[test]
fn keys_are_made_beside_a_running_server() {
    let home = Home::new();
    let server = home.serve();
    let made = home.run(&["keys", "create", "beside"]).good();
    server.run(&home, &["tasks", "--api-key", made.out.trim()]).good();
    home.run(&["keys", "revoke", "1"]).good().says("key 1 (beside) is revoked");
    home.run(&["keys", "revoke", "77"]).bad("api key not found");
    home.run(&["keys", "create", " "]).bad("a name has 1 to 200 characters");
}

#[test]
fn the_network_is_not_served_without_a_key() {
    let home = Home::new().with("MILLRACE_SERVER__BIND", "0.0.0.0:0");
    home.run(&["serve"]).bad("refusing to listen on 0.0.0.0:0");
    assert_eq!(home.postgres(), None, "Postgres was left running");
    home.run(&["keys", "create", "first"]).good();
    assert_eq!(home.serve().identity, "API keys");
}
