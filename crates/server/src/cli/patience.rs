//! Trying again what may pass: a full queue, a server that is just restarting.

use std::time::Duration;

use super::api_error::ApiError;

/// How long one request is tried again before its last error is believed.
const PATIENCE: Duration = Duration::from_secs(300);
/// Longest pause between two tries.
const LONGEST: Duration = Duration::from_secs(30);

/// Repeats a request that is safe to repeat while its error says "later", as long as patience lasts.
///
/// # Errors
/// The last one.
pub(super) async fn patiently<T>(
    mut request: impl AsyncFnMut() -> Result<T, ApiError>,
    notice: impl Fn(&ApiError, Duration),
) -> Result<T, ApiError> {
    let mut waited = Duration::ZERO;
    let mut longer = 1;
    loop {
        let error = match request().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let Some(pause) = error.retry_after() else { return Err(error) };
        let pause = (pause * longer).min(LONGEST);
        if waited + pause > PATIENCE {
            return Err(error);
        }
        notice(&error, pause);
        tokio::time::sleep(pause).await;
        waited += pause;
        longer = (longer * 2).min(8);
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;

    use super::super::api_error::Refusal;
    use super::*;

    fn refused(status: StatusCode) -> ApiError {
        ApiError::Refused(Refusal::new(status, &HeaderMap::new(), b""))
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
    }

    #[test]
    fn what_passes_is_waited_for() {
        let mut left = 3;
        let outcome = runtime().block_on(patiently(
            async || match left {
                0 => Ok("stored"),
                _ => {
                    left -= 1;
                    Err(refused(StatusCode::TOO_MANY_REQUESTS))
                }
            },
            |_, _| {},
        ));
        assert_eq!(outcome.unwrap(), "stored");
    }

    #[test]
    fn what_never_passes_is_told_at_once_and_patience_ends() {
        for (status, least) in [(StatusCode::BAD_REQUEST, 1), (StatusCode::SERVICE_UNAVAILABLE, 10)] {
            let mut tries = 0;
            let outcome: Result<(), _> = runtime().block_on(patiently(
                async || {
                    tries += 1;
                    Err(refused(status))
                },
                |_, _| {},
            ));
            assert!(outcome.is_err());
            assert!(tries >= least && (least > 1 || tries == 1), "{status}: {tries}");
        }
    }
}
