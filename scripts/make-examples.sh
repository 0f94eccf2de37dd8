#!/usr/bin/env bash
# Makes the files in examples/ anew. They are committed; this is only for changing them.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.tools/examples
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check reportlab==4.4.4 python-docx==1.2.0 openpyxl==3.1.5
"$venv/bin/python" scripts/make-examples.py examples
