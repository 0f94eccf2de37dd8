#!/usr/bin/env bash
# Installs what building, checking and testing need beside Rust and git, and nothing that is there already.
# Debian packages need root; without it the script says what to install. Tools with pinned versions go to .tools/ in this folder.
#
# Usage: scripts/install-deps.sh [run|test|check|all]     (default: all)
#   run    PostgreSQL, to run Millrace
#   test   and an S3 server (moto) and Tesseract, for the tests of the object store and of pictures
#   check  cargo-deny and diesel_cli, for make check
set -euo pipefail
cd "$(dirname "$0")/.."

CARGO_DENY_VERSION=0.20.2
DIESEL_CLI_VERSION=2.3.14
MOTO_VERSION=5.2.5

what=${1:-all}
case $what in run | test | check | all) ;; *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;; esac
wants() { [ "$what" = all ] || [ "$what" = "$1" ]; }

# --- Debian packages -----------------------------------------------------------------------------
. scripts/lib/postgres.sh
missing=()
need() { # package, then a command that succeeds when it is there
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
need build-essential sh -c 'command -v cc && command -v make'
need pkg-config command -v pkg-config
need postgresql find_postgres
if wants test || wants check; then
    need curl command -v curl
    need ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
fi
if wants test; then
    need python3-venv python3 -c 'import ensurepip, venv'
    # Pictures and scans are read by it where it is installed; the tests want it in two languages.
    need tesseract-ocr command -v tesseract
    need tesseract-ocr-eng sh -c 'tesseract --list-langs | grep -qx eng'
    need tesseract-ocr-chi-sim sh -c 'tesseract --list-langs | grep -qx chi_sim'
fi
if wants check; then
    # The fuzzer's engine is C++.
    need g++ command -v c++
    need libpq-dev pkg-config --exists libpq
fi

if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        echo "installing: ${missing[*]}"
        # The package's own server is not needed: Millrace and the tests start theirs.
        if [[ " ${missing[*]} " == *" postgresql "* ]] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
            mkdir -p /etc/postgresql-common
            echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
        fi
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -qq -y --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}" >/dev/null
    else
        echo "missing: ${missing[*]}" >&2
        echo "install them as root (Debian, Ubuntu):  apt-get install ${missing[*]}" >&2
        echo "elsewhere: PostgreSQL 15 or later (any, MILLRACE_PG_BIN names its bin folder), libpq headers, Python 3 with venv, a C compiler" >&2
        exit 1
    fi
fi
find_postgres >/dev/null

# --- Tools of this folder ------------------------------------------------------------------------
cargo_tool() { # crate, command, version, further arguments
    local crate=$1 command=$2 version=$3
    shift 3
    if [ "$(cat ".tools/$crate.version" 2>/dev/null)" = "$version" ] && [ -x ".tools/bin/$command" ]; then return; fi
    echo "building $crate $version into .tools/ (minutes, once)"
    cargo install --quiet --debug --locked --force --root .tools --version "$version" "$crate" "$@"
    echo "$version" >".tools/$crate.version"
}
mkdir -p .tools
if wants check; then
    # On two cores: cargo-deny 3 minutes, diesel_cli a minute and a half. They stay in .tools/ from run to run.
    cargo_tool cargo-deny cargo-deny "$CARGO_DENY_VERSION"
    cargo_tool diesel_cli diesel "$DIESEL_CLI_VERSION" --no-default-features --features postgres
fi
if wants test && [ "$(cat .tools/moto.version 2>/dev/null)" != "$MOTO_VERSION" ]; then
    echo "installing moto $MOTO_VERSION into .tools/moto"
    rm -rf .tools/moto
    python3 -m venv .tools/moto
    .tools/moto/bin/pip install --quiet --disable-pip-version-check "moto[s3,server]==$MOTO_VERSION"
    echo "$MOTO_VERSION" >.tools/moto.version
fi
echo "everything for '$what' is there"
