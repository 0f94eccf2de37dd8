#!/usr/bin/env bash
# Measures the figures of documents: our parsers and other tools on the same PDF files, then documents through the server.
# usage: scripts/bench-documents.sh CORPUS OUT
set -euo pipefail
cd "$(dirname "$0")/.."
corpus=${1:?usage: scripts/bench-documents.sh CORPUS OUT}
out=${2:?usage: scripts/bench-documents.sh CORPUS OUT}
ROUNDS=5
PEERS=(xberg==1.3.9 kreuzberg==4.10.4 pymupdf4llm==1.28.2 'markitdown[pdf]==0.1.8')

scripts/install-deps.sh run
scripts/eval.sh "$corpus" "$out/millrace" --rounds "$ROUNDS"
score=${SCORE:-$corpus/../eval/score.py}

if [ -d "$corpus/pdf" ]; then
    command -v pdftotext >/dev/null || {
        [ "$(id -u)" -eq 0 ] || { echo "missing: poppler-utils, for pdftotext" >&2; exit 1; }
        apt-get update -qq && apt-get install -qq -y --no-install-recommends poppler-utils >/dev/null
    }
    # Tools to compare with, in a folder of their own; nothing of them is part of the product.
    venv=.tools/peers
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "${PEERS[@]}"
    echo
    echo "other tools on the PDF files, one process, fastest of $((ROUNDS - 1)) rounds after the first"
    printf 'tool\tversion\tpages\tseconds\tpages/s\tfailed\n'
    for tool in pdftotext xberg kreuzberg pymupdf4llm markitdown; do
        # Each may use the whole machine; our own parser process works on one core.
        "$venv/bin/python" bench/documents/peers.py "$tool" "$corpus/pdf" "$out/$tool/pdf" "$ROUNDS" 2>"$out/$tool.log" |
            grep -P '^\w+\t' || echo "$tool: $(tail -1 "$out/$tool.log")"
        if [ -f "$score" ]; then python3 "$score" "$corpus" "$out/$tool" | grep -w pdf || true; fi
    done
fi
echo
cargo build --locked --release --quiet --package millrace-server
cargo run --locked --release --quiet --package millrace-testkit --bin millrace-bench -- --only documents
