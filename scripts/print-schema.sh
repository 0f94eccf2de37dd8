#!/usr/bin/env bash
# Prints the Diesel schema that the migrations make, on a Postgres of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/postgres.sh
DIESEL=.tools/bin/diesel
[ -x "$DIESEL" ] || { echo "diesel_cli is missing; run scripts/install-deps.sh check" >&2; exit 1; }

start_throwaway_postgres
url=$(throwaway_url schema)
"$PG_BIN/createdb" -h "$PG_SOCKET_DIR" -U postgres schema
# An empty configuration file, since 'migration run' would otherwise write schema.rs itself.
touch "$PG_HOME/diesel.toml"
"$DIESEL" migration run --config-file "$PG_HOME/diesel.toml" --migration-dir migrations --database-url "$url" >&2
"$DIESEL" print-schema --database-url "$url" | rustfmt --edition 2024
