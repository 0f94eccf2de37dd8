#!/bin/sh
# Starts an S3 server (moto, in memory) on a free port of the loopback interface, for the tests of the object store.
# It prints "Running on http://127.0.0.1:PORT" to standard error and runs until it is killed.
# The first run installs it into .tools/s3; with --install that is all it does.
set -eu

version=5.2.5
root=$(cd "$(dirname "$0")/.." && pwd)
venv=$root/.tools/s3

install() {
    if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
        echo "The S3 tests need Python 3.9 or later with venv. On Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
    rm -rf "$venv"
    python3 -m venv "$venv"
    if ! "$venv/bin/pip" install --quiet --disable-pip-version-check "moto[server,s3]==$version" >&2; then
        echo "Could not install moto $version from PyPI; the S3 tests need it once. Is a package index reachable?" >&2
        rm -rf "$venv"
        exit 1
    fi
    echo "$version" > "$venv/installed"
}

installed() {
    [ "$(cat "$venv/installed" 2>/dev/null)" = "$version" ]
}

# Tests run side by side: one installs, the others wait for it.
mkdir -p "$root/.tools"
if ! installed; then
    exec 9> "$root/.tools/s3.lock"
    if command -v flock >/dev/null; then flock 9; fi
    installed || install
    exec 9>&-
fi

[ "${1:-}" = --install ] && exit 0
exec "$venv/bin/moto_server" -H 127.0.0.1 -p 0
