//! The hosts beside the API: where files are uploaded to, and where results are fetched from.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, Responder};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::State;
use super::task::Task;

/// The signature covers no content type, and the store wants a length.
pub(super) async fn upload(
    state: Data<Mutex<State>>,
    uploads: Data<watch::Sender<u32>>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> impl Responder {
    let headers = request.headers();
    let is_signed = request.query_string().contains("Signature=abc%2Bdef%3D");
    if headers.contains_key("Content-Type") || headers.contains_key("Authorization") || !is_signed {
        return HttpResponse::Forbidden().body("<Error><Code>SignatureDoesNotMatch</Code></Error>");
    }
    if !headers.contains_key("Content-Length") {
        return HttpResponse::LengthRequired().body("<Error><Code>MissingContentLength</Code></Error>");
    }
    match state.lock().tasks.get_mut(id.as_str()) {
        Some(task) => {
            task.bytes = Some(body.to_vec());
            uploads.send_modify(|uploads| *uploads += 1);
            HttpResponse::Ok().finish()
        }
        None => HttpResponse::NotFound().finish(),
    }
}

/// Results need no token, and are no place for one.
pub(super) async fn download(state: Data<Mutex<State>>, request: HttpRequest, id: Path<String>) -> impl Responder {
    let mut state = state.lock();
    if request.headers().contains_key("Authorization") {
        return HttpResponse::BadRequest().body("two ways to authenticate");
    }
    let Some(Ok(mut archive)) = state.tasks.get(id.as_str()).map(Task::archive) else {
        return HttpResponse::NotFound().finish();
    };
    if state.conditions.cut > 0 {
        state.conditions.cut -= 1;
        archive.truncate(archive.len() / 2);
    }
    HttpResponse::Ok().content_type("application/zip").body(archive)
}
