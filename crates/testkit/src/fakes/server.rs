//! What every fake service needs: a port, and forms.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use actix_multipart::Multipart;
use actix_web::dev::ServerHandle;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Result;
use futures::TryStreamExt;
use serde_json::{Value, json};

/// A fake service on a port of its own. Dropped, it stops answering.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) base: String,
    handle: ServerHandle,
}

impl Running {
    /// Starts a server on a free port; routes are told the address, which services name in their answers.
    ///
    /// # Errors
    /// When the system gives no port.
    pub(super) fn start<F, G>(routes: F) -> Result<Self>
    where
        F: FnOnce(&str) -> G,
        G: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let base = format!("http://{}", listener.local_addr()?);
        let routes = routes(&base);
        let server = HttpServer::new(move || App::new().configure(routes.clone()))
            .workers(1)
            .disable_signals()
            .listen(listener)?
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { base, handle })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(self.handle.stop(false));
        }
    }
}

/// What services made with FastAPI say of a refusal.
pub(super) fn detail(text: &str) -> Value {
    json!({"detail": text})
}

/// A form that was read, or the refusal of a body that is none.
///
/// # Errors
/// The answer that is sent.
#[expect(clippy::result_large_err, reason = "an error here is the answer that is sent")]
pub(super) fn form_of(read: Result<Form, actix_multipart::MultipartError>) -> Result<Form, HttpResponse> {
    read.map_err(|_error| HttpResponse::BadRequest().json(detail("There was an error parsing the body")))
}

/// A form, read whole.
#[derive(Debug, Default, Clone)]
pub(super) struct Form {
    fields: HashMap<String, Vec<String>>,
    /// Names and bytes of the files under `files`.
    pub(super) files: Vec<(String, Vec<u8>)>,
}

impl Form {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is no form.
    pub(super) async fn read(mut body: Multipart) -> Result<Self, actix_multipart::MultipartError> {
        let mut form = Self::default();
        while let Some(mut field) = body.try_next().await? {
            let name = field.name().unwrap_or_default().to_owned();
            let filename =
                field.content_disposition().and_then(|disposition| disposition.get_filename().map(str::to_owned));
            let mut bytes = Vec::new();
            while let Some(chunk) = field.try_next().await? {
                bytes.extend_from_slice(&chunk);
            }
            match filename {
                Some(filename) if name == "files" => form.files.push((filename, bytes)),
                // Files under other names are as good as absent.
                Some(_) => {}
                None => form.fields.entry(name).or_default().push(String::from_utf8_lossy(&bytes).into_owned()),
            }
        }
        Ok(form)
    }

    /// The values of a field.
    pub(super) fn all(&self, name: &str) -> &[String] {
        self.fields.get(name).map_or(&[], Vec::as_slice)
    }

    /// The last value of a field.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).last().map(String::as_str)
    }

    /// A field that says yes or no.
    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.get(name)
            .map_or(default, |value| matches!(value.to_ascii_lowercase().as_str(), "true" | "1" | "on" | "yes"))
    }
}
