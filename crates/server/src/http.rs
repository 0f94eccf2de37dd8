//! The HTTP listener.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::{Server, ServerHandle};
use anyhow::Context;
use millrace_api::Api;

use crate::config::ServerConfig;

/// A listener that has its address but serves nothing yet.
///
/// # Errors
/// When the address is taken.
pub fn listen(bind: SocketAddr) -> anyhow::Result<TcpListener> {
    let socket = TcpListener::bind(bind).with_context(|| {
        format!("cannot listen on {bind}; is another millrace running? (server.bind chooses the address)")
    })?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Serves the API on a listener until the returned server is stopped.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(api: Api, listener: TcpListener, config: &ServerConfig, drain: Duration) -> anyhow::Result<Server> {
    let mut server = HttpServer::new(move || millrace_api::app(api.clone()))
        .client_request_timeout(Duration::from_secs(config.request_timeout_seconds))
        .keep_alive(Duration::from_secs(config.keep_alive_seconds))
        .shutdown_timeout(drain.as_secs())
        .disable_signals();
    if let Some(workers) = config.workers {
        server = server.workers(workers as usize);
    }
    Ok(server.listen(listener)?.run())
}

/// Stops a server, letting requests end.
pub async fn stop(handle: ServerHandle) {
    handle.stop(true).await;
}
