#!/usr/bin/env bash
# Uploads examples/ into the table 'demo' and prints every task and the table: scripts/demo.sh path/to/millrace
# Uses the server at MILLRACE_URL (http://127.0.0.1:8080) if one answers, else starts one on ./data for as long as it takes.
set -euo pipefail
cd "$(dirname "$0")/.."
millrace=$1
export MILLRACE_URL=${MILLRACE_URL:-http://127.0.0.1:8080}

if ! "$millrace" healthcheck >/dev/null 2>&1; then
    log=$(mktemp)
    echo "no server answers at $MILLRACE_URL; starting one for the demo"
    MILLRACE_SERVER__BIND=${MILLRACE_URL#http://} "$millrace" serve >"$log" 2>&1 &
    server=$!
    # Whatever happens, the server ends in order, its Postgres with it.
    trap 'kill "$server" 2>/dev/null; wait "$server" || true; rm -f "$log"' EXIT
    for _ in $(seq 1 300); do
        "$millrace" healthcheck >/dev/null 2>&1 && break
        kill -0 "$server" 2>/dev/null || { cat "$log" >&2; echo "the server did not start" >&2; exit 1; }
        sleep 0.2
    done
    "$millrace" healthcheck >/dev/null || { cat "$log" >&2; echo "the server does not answer" >&2; exit 1; }
fi

# Some examples are broken on purpose; that they fail is part of the demo, not an error of it.
"$millrace" upload examples --wait --table demo --allow-failures
echo "the table 'demo':"
"$millrace" table demo
