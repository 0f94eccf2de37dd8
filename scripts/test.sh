#!/usr/bin/env bash
# Runs every test of the workspace; further arguments select tests. Needs what scripts/install-deps.sh test installs.
set -euo pipefail
cd "$(dirname "$0")/.."

# A developer's own configuration must not leak into the tests.
for name in DATABASE_URL "${!MILLRACE_@}"; do
    [ "$name" = MILLRACE_PG_BIN ] || unset "$name"
done
export RUST_BACKTRACE=${RUST_BACKTRACE:-1}

cargo build --locked --workspace --bins

# One throwaway server for all test processes; each test copies a database of its own from a template.
. scripts/lib/postgres.sh
start_throwaway_postgres
MILLRACE_TEST_POSTGRES_URL=$(throwaway_url postgres)
export MILLRACE_TEST_POSTGRES_URL

if cargo nextest --version >/dev/null 2>&1; then
    # First the examples in the documentation, which nextest leaves out, so that its summary comes last.
    [ $# -gt 0 ] || cargo test --locked --workspace --doc --quiet
    cargo nextest run --locked --workspace --no-fail-fast --status-level slow --final-status-level fail "$@"
else
    cargo test --locked --workspace --no-fail-fast "$@"
fi
