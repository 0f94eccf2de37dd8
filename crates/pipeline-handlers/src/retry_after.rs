//! How long a server asks to wait: `Retry-After`, as seconds or as a date (RFC 9110, section 10.2.3).

use std::time::SystemTime;

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// More than a day is no wait but a mistake.
const MAX_SECONDS: f64 = 86_400.0;

/// Seconds to wait, rounded up: OpenAI sends fractions. A date counts from the answer's own `Date`, so that clocks which
/// differ do no harm; without one it says nothing.
pub fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match text.parse::<f64>() {
        Ok(seconds) => seconds,
        Err(_no_number) => {
            let (until, now) = (date(headers, &RETRY_AFTER)?, date(headers, &DATE)?);
            // What is over already is no wait.
            until.duration_since(now).unwrap_or_default().as_secs_f64()
        }
    };
    if !seconds.is_finite() || !(0.0..=MAX_SECONDS).contains(&seconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be 0 to 86400")]
    let whole = seconds.ceil() as u64;
    Some(whole)
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?.trim()).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn told(after: &'static str, date: Option<&'static str>) -> Option<u64> {
        let mut headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(after))]);
        headers.extend(date.map(|date| (DATE, HeaderValue::from_static(date))));
        retry_after(&headers)
    }

    #[test]
    fn seconds_are_read() {
        assert_eq!(retry_after(&HeaderMap::new()), None);
        for (text, seconds) in [
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("0.25", Some(1)),
            ("86400", Some(86_400)),
            ("86401", None),
            ("-1", None),
            ("NaN", None),
            ("soon", None),
        ] {
            assert_eq!(told(text, None), seconds, "{text}");
        }
    }

    #[test]
    fn dates_count_from_the_answer() {
        let now = Some("Wed, 21 Oct 2015 07:28:00 GMT");
        for (text, seconds) in [
            ("Wed, 21 Oct 2015 07:28:30 GMT", Some(30)),
            // The two obsolete forms.
            ("Wednesday, 21-Oct-15 07:29:00 GMT", Some(60)),
            ("Wed Oct 21 07:28:05 2015", Some(5)),
            ("Wed, 21 Oct 2015 07:00:00 GMT", Some(0)),
            ("Fri, 23 Oct 2015 07:28:00 GMT", None),
            ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ] {
            assert_eq!(told(text, now), seconds, "{text}");
        }
        assert_eq!(told("Wed, 21 Oct 2015 07:28:30 GMT", None), None);
    }
}
