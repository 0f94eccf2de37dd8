//! `http_server_request_duration_seconds` by method, route pattern and status.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::{Method, StatusCode};
use metrics::Histogram;

/// Name of the histogram.
pub const REQUEST_DURATION: &str = "http_server_request_duration_seconds";
/// Label of requests that matched no route, so that made-up paths make no series.
const UNMATCHED: &str = "unmatched";

thread_local! {
    /// The recorder's own look-up hashes every label and takes a lock; this one hashes a short string.
    static SERIES: RefCell<HashMap<(String, Method, u16), Histogram>> = RefCell::new(HashMap::new());
}

/// Records one request under the method that the client sent.
pub fn record(request: &HttpRequest, method: &Method, status: StatusCode, elapsed: Duration) {
    let route = request.match_pattern().unwrap_or_else(|| UNMATCHED.to_owned());
    // Methods are free text to a client; only the known ones become labels.
    let method = known(method);
    let key = (route, method, status.as_u16());
    SERIES.with_borrow_mut(|series| {
        if let Some(histogram) = series.get(&key) {
            histogram.record(elapsed);
            return;
        }
        let (route, method, status) = &key;
        let histogram = metrics::histogram!(
            REQUEST_DURATION,
            "method" => method.as_str().to_owned(),
            "route" => route.clone(),
            "status" => status.to_string(),
        );
        histogram.record(elapsed);
        series.insert(key, histogram);
    });
}

fn known(method: &Method) -> Method {
    const KNOWN: [Method; 7] =
        [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS, Method::PATCH];
    if KNOWN.contains(method) { method.clone() } else { Method::TRACE }
}
