//! A parser process on its own: what the server binary runs as its hidden subcommand `parse-worker`.

fn main() {
    std::process::exit(millrace_pipeline_handlers::pool::parse_worker_main());
}
