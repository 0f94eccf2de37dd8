#!/usr/bin/env bash
# Proves on a Postgres of its own that schema.rs is what the migrations make, and that every migration can be undone and done again.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/postgres.sh
SCHEMA=crates/repository/src/postgres/schema.rs
DIESEL=.tools/bin/diesel
[ -x "$DIESEL" ] || { echo "diesel_cli is missing; run scripts/install-deps.sh check" >&2; exit 1; }

start_throwaway_postgres
url=$(throwaway_url schema)
"$PG_BIN/createdb" -h "$PG_SOCKET_DIR" -U postgres schema
# The dumped database without what differs between runs.
dump() { "$PG_BIN/pg_dump" --schema-only --no-owner --no-privileges "$url" | grep -vE '^(--|\\(un)?restrict|$)'; }
# An empty configuration file, since 'migration run' would otherwise write schema.rs itself.
migration() { "$DIESEL" migration --config-file "$PG_HOME/diesel.toml" --migration-dir migrations --database-url "$url" "$@" >/dev/null; }
touch "$PG_HOME/diesel.toml"

migration run
"$DIESEL" print-schema --database-url "$url" >"$PG_HOME/schema.rs"
diff -u <(rustfmt --edition 2024 --emit stdout <"$SCHEMA") <(rustfmt --edition 2024 --emit stdout <"$PG_HOME/schema.rs") || {
    echo "schema: $SCHEMA is not what the migrations make; run make schema" >&2
    exit 1
}

count=$(find migrations -mindepth 1 -maxdepth 1 -type d | wc -l)
before=$(dump)
for number in $(seq 1 "$count"); do
    migration redo --number "$number"
    [ "$(dump)" = "$before" ] || {
        diff <(echo "$before") <(dump) || true
        echo "schema: undoing and redoing the last $number migrations changes the schema" >&2
        exit 1
    }
done
migration revert --all
left=$("$PG_BIN/psql" -Atc "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relname NOT LIKE '\_\_diesel%'" "$url")
[ "$left" = 0 ] || { echo "schema: undoing everything leaves $left objects behind" >&2; exit 1; }
migration run
[ "$(dump)" = "$before" ] || { echo "schema: redoing everything gives another schema" >&2; exit 1; }
echo "schema: fine ($count migrations, each undone and redone)"
