#!/usr/bin/env bash
# Parses a corpus as the product does, in a parser process, and writes OUT/<kind>/<file>.md: scripts/eval.sh CORPUS OUT [--rounds N]
# A corpus is a folder of folders (pdf/, docx/, …). A program score.py in ../eval beside the corpus scores the outcome.
set -euo pipefail
cd "$(dirname "$0")/.."
corpus=${1:?usage: scripts/eval.sh CORPUS OUT [--rounds N]}
out=${2:?usage: scripts/eval.sh CORPUS OUT [--rounds N]}
[ -d "$corpus" ] || { echo "eval: there is no folder $corpus; make eval CORPUS=folder" >&2; exit 1; }
cargo build --locked --release --quiet --package millrace-pipeline-handlers --bins --example eval
bin=$(dirname "$(scripts/binary-path.sh release)")
rm -rf "$out"
"$bin/examples/eval" "$corpus" "$out" "${@:3}"
score=${SCORE:-$corpus/../eval/score.py}
if [ -f "$score" ]; then
    echo
    python3 "$score" "$corpus" "$out"
fi
