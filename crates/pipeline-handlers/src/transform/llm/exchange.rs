//! What was said to a model and what it answered, to be kept beside the result. Never logged.

use bytes::Bytes;
use serde_json::{Value, json};

/// Bytes of an exchange that are kept.
const MAX_BYTES: usize = 64 << 20;

/// One request with its answer.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    /// Which part of the document.
    pub(super) part: &'a str,
    /// Counts from 0; the later ones repair.
    pub(super) turn: u32,
    /// The body sent.
    pub(super) request: &'a Value,
    /// The status, if there was an answer.
    pub(super) status: Option<u16>,
    /// The body received, or why there is none.
    pub(super) response: &'a str,
}

/// All requests of one result.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    turns: Vec<Value>,
    bytes: usize,
    omitted: usize,
}

impl Exchange {
    /// Keeps one request and its answer, while there is room. Images are told by their size.
    pub(super) fn keep(&mut self, turn: &Turn<'_>) {
        let response = serde_json::from_str(turn.response).unwrap_or_else(|_text| Value::from(turn.response));
        let mut request = turn.request.clone();
        shorten_images(&mut request);
        let kept = json!({
            "part": turn.part, "turn": turn.turn, "request": request, "status": turn.status, "response": response,
        });
        let bytes = kept.to_string().len();
        if self.bytes + bytes > MAX_BYTES {
            self.omitted += 1;
        } else {
            self.bytes += bytes;
            self.turns.push(kept);
        }
    }

    /// The whole as JSON.
    pub(super) fn bytes(&self, provider: &str, model: &str) -> Bytes {
        let whole = json!({"provider": provider, "model": model, "turns": self.turns, "omitted_turns": self.omitted});
        Bytes::from(whole.to_string())
    }
}

fn shorten_images(request: &mut Value) {
    let messages = request.get_mut("messages").and_then(Value::as_array_mut);
    let contents = messages.into_iter().flatten().filter_map(|message| message.get_mut("content")?.as_array_mut());
    for url in contents.flatten().filter_map(|part| part.pointer_mut("/image_url/url")) {
        let length = url.as_str().map_or(0, str::len);
        *url = format!("({length} characters)").into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_kept_without_pictures() {
        let mut exchange = Exchange::default();
        let request = json!({"messages": [{"role": "user", "content": [
            {"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
        ]}]});
        exchange.keep(&Turn { part: "1", turn: 0, request: &request, status: Some(200), response: "{\"a\": 1}" });
        exchange.keep(&Turn { part: "1", turn: 1, request: &json!({}), status: None, response: "timeout" });
        let kept: Value = serde_json::from_slice(&exchange.bytes("p", "m")).expect("JSON");
        assert_eq!(kept["turns"][0]["response"]["a"], 1);
        assert_eq!(kept["turns"][0]["request"]["messages"][0]["content"][0]["text"], "look");
        assert!(!kept.to_string().contains("AAAA"), "{kept}");
        assert_eq!((&kept["turns"][1]["response"], &kept["omitted_turns"]), (&json!("timeout"), &json!(0)));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut exchange = Exchange::default();
        let long = "x".repeat(MAX_BYTES / 3);
        for turn in 0..4 {
            exchange.keep(&Turn { part: "1", turn, request: &json!({}), status: Some(200), response: &long });
        }
        assert!(exchange.bytes("p", "m").len() < MAX_BYTES + 100);
        assert_eq!((exchange.turns.len(), exchange.omitted), (2, 2));
    }
}
