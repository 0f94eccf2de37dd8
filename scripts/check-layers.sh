#!/usr/bin/env bash
# Proves the layers from cargo tree: which crates of ours each crate may see, and which libraries it must never see.
#   domain <- repository <- queue <- api <- server <- testkit,  domain <- engine <- pipeline-handlers <- server
set -euo pipefail
cd "$(dirname "$0")/.."

# crate | crates of ours it may depend on, at any depth | libraries it must not reach, at any depth
RULES='
millrace-domain            |                                                        | diesel diesel-async tokio-postgres actix-web reqwest object_store datafusion
millrace-repository        | millrace-domain                                        | actix-web datafusion
millrace-queue             | millrace-domain millrace-repository                    | actix-web datafusion
millrace-api               | millrace-domain millrace-repository millrace-queue     | diesel diesel-async tokio-postgres datafusion
millrace-engine            | millrace-domain                                        | diesel diesel-async actix-web
millrace-pipeline-handlers | millrace-domain millrace-engine                        | diesel diesel-async tokio-postgres actix-web object_store
millrace-server            | millrace-domain millrace-repository millrace-queue millrace-api millrace-engine millrace-pipeline-handlers |
millrace-testkit           | millrace-domain millrace-repository millrace-queue millrace-api millrace-engine millrace-pipeline-handlers millrace-server |
'

# Names of everything a crate reaches through normal dependencies; the storage layer hides what it is made of from those above it.
reached() {
    local crate=$1 prune=()
    if [ "$crate" != millrace-repository ] && reached_ours "$crate" | grep -qx millrace-repository; then
        prune=(--prune millrace-repository)
    fi
    cargo tree --locked --package "$crate" --edges normal --prefix none --format '{p}' "${prune[@]}" | awk '{print $1}' | sort -u
}
# The same, with nothing hidden and only our crates.
reached_ours() {
    cargo tree --locked --package "$1" --edges normal --prefix none --format '{p}' | awk '{print $1}' | grep '^millrace-' | sort -u
}

failed=0
complain() { echo "layers: $*" >&2; failed=1; }

members=$(cargo metadata --locked --no-deps --format-version 1 | grep -oE '"name":"millrace-[a-z-]+","version"' | cut -d'"' -f4 | sort -u)
[ -n "$members" ] || { echo "layers: cargo metadata lists no crates" >&2; exit 1; }
for crate in $members; do
    rule=$(grep -E "^$crate +\|" <<<"$RULES") || { complain "$crate has no rule in $0"; continue; }
    allowed=$(cut -d'|' -f2 <<<"$rule")
    forbidden=$(cut -d'|' -f3 <<<"$rule")
    for seen in $(reached_ours "$crate"); do
        [ "$seen" = "$crate" ] || [[ " $allowed " == *" $seen "* ]] || complain "$crate must not depend on $seen"
    done
    libraries=$(reached "$crate")
    [ -n "$libraries" ] || complain "cargo tree says nothing about $crate"
    for library in $forbidden; do
        ! grep -qx "$library" <<<"$libraries" || complain "$crate must not reach $library (cargo tree -p $crate -i $library)"
    done
done
[ "$failed" -eq 0 ] && echo "layers: fine ($(wc -w <<<"$members") crates)"
exit "$failed"
