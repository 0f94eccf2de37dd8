//! The shapes of answers and errors of the servers that speak the protocol, as they were recorded.
//!
//! llama.cpp: recorded from its server (build of October 2026). OpenAI: API reference and its error texts. vLLM:
//! `vllm/entrypoints/openai/protocol.py`. Ollama: `openai/openai.go`.

use serde_json::{Value, json};

/// Whose server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// OpenAI itself: strict schemas are checked, everything is counted.
    OpenAi,
    /// vLLM.
    Vllm,
    /// `llama-server` of llama.cpp.
    LlamaCpp,
    /// Ollama: a prompt that is too long loses its beginning, without a word.
    Ollama,
}

/// What a model said.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) content: Value,
    pub(super) finish: &'static str,
    pub(super) refusal: Option<&'static str>,
    pub(super) reasoning: Option<String>,
    pub(super) arguments: Option<String>,
    pub(super) prompt_tokens: usize,
    pub(super) completion_tokens: usize,
    pub(super) usage: bool,
}

impl Flavour {
    /// An answer.
    pub(super) fn answer(self, model: &str, said: &Said) -> Value {
        let mut message = json!({"role": "assistant", "content": said.content});
        let mut choice = json!({"index": 0, "finish_reason": said.finish});
        let mut body = json!({"object": "chat.completion", "created": 1_795_332_217, "model": model});
        let total = said.prompt_tokens + said.completion_tokens;
        let mut usage = json!({
            "prompt_tokens": said.prompt_tokens, "completion_tokens": said.completion_tokens, "total_tokens": total
        });
        match self {
            Self::OpenAi => {
                message["refusal"] = said.refusal.into();
                message["annotations"] = json!([]);
                choice["logprobs"] = Value::Null;
                usage["prompt_tokens_details"] = json!({"cached_tokens": 0, "audio_tokens": 0});
                usage["completion_tokens_details"] = json!({
                    "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0
                });
                body["id"] = "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT".into();
                body["service_tier"] = "default".into();
                body["system_fingerprint"] = "fp_50cad350e4".into();
            }
            Self::Vllm => {
                for name in ["annotations", "audio", "function_call"] {
                    message[name] = Value::Null;
                }
                message["refusal"] = said.refusal.into();
                message["reasoning_content"] = said.reasoning.clone().into();
                message["tool_calls"] = json!([]);
                choice["logprobs"] = Value::Null;
                choice["stop_reason"] = Value::Null;
                usage["prompt_tokens_details"] = Value::Null;
                body["id"] = "chatcmpl-0b3a1d5c5e3c4a0f8d1e6f7a8b9c0d1e".into();
                body["prompt_logprobs"] = Value::Null;
            }
            Self::LlamaCpp => {
                if let Some(reasoning) = &said.reasoning {
                    message["reasoning_content"] = reasoning.as_str().into();
                }
                usage["prompt_tokens_details"] = json!({"cached_tokens": 0});
                body["id"] = "chatcmpl-UKFdxIQSWHbH6K2dnSW2SBjX4QxEdAtw".into();
                body["system_fingerprint"] = "b0-unknown".into();
                body["timings"] =
                    json!({"cache_n": 0, "prompt_n": said.prompt_tokens, "predicted_n": said.completion_tokens});
            }
            Self::Ollama => {
                if let Some(reasoning) = &said.reasoning {
                    message["reasoning"] = reasoning.as_str().into();
                }
                body["id"] = "chatcmpl-123".into();
                body["system_fingerprint"] = "fp_ollama".into();
            }
        }
        if let Some(arguments) = &said.arguments {
            message["content"] = Value::Null;
            message["tool_calls"] = json!([{
                "id": "call_1", "type": "function", "function": {"name": "answer", "arguments": arguments}
            }]);
        }
        choice["message"] = message;
        body["choices"] = json!([choice]);
        if said.usage {
            body["usage"] = usage;
        }
        body
    }

    /// An error in the envelope of the server.
    pub(super) fn error(
        self,
        status: u16,
        kind: &str,
        code: Option<&str>,
        param: Option<&str>,
        message: &str,
    ) -> Value {
        match self {
            Self::OpenAi | Self::Ollama => {
                json!({"error": {"message": message, "type": kind, "param": param, "code": code}})
            }
            Self::Vllm => json!({"error": {"message": message, "type": kind, "param": param, "code": status}}),
            Self::LlamaCpp => json!({"error": {"code": status, "message": message, "type": kind}}),
        }
    }

    /// The error of a model that is not there.
    pub(super) fn no_model(self, model: &str) -> Value {
        let (kind, code, text) = match self {
            Self::OpenAi => (
                "invalid_request_error",
                Some("model_not_found"),
                format!("The model `{model}` does not exist or you do not have access to it."),
            ),
            Self::Vllm => ("NotFoundError", None, format!("The model `{model}` does not exist.")),
            Self::LlamaCpp => ("not_found_error", None, format!("model '{model}' not found")),
            Self::Ollama => ("not_found_error", None, format!("model \"{model}\" not found, try pulling it first")),
        };
        self.error(404, kind, code, None, &text)
    }

    /// The error of a request that does not fit; Ollama has none.
    pub(super) fn too_long(self, tokens: usize, context: usize) -> Option<Value> {
        let body = match self {
            Self::OpenAi => self.error(
                400,
                "invalid_request_error",
                Some("context_length_exceeded"),
                Some("messages"),
                &format!("This model's maximum context length is {context} tokens. However, your messages resulted in {tokens} tokens."),
            ),
            Self::Vllm => self.error(
                400,
                "BadRequestError",
                None,
                None,
                &format!("This model's maximum context length is {context} tokens. However, you requested {tokens} tokens."),
            ),
            Self::LlamaCpp => {
                let text = format!("request ({tokens} tokens) exceeds the available context size ({context} tokens), try increasing it");
                let mut body = self.error(400, "exceed_context_size_error", None, None, &text);
                body["error"]["n_prompt_tokens"] = tokens.into();
                body["error"]["n_ctx"] = context.into();
                body
            }
            Self::Ollama => return None,
        };
        Some(body)
    }
}
