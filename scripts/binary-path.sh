#!/usr/bin/env bash
# Prints where cargo puts the millrace binary of a profile: scripts/binary-path.sh dev|release
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-dev}
[ "$folder" = dev ] && folder=debug
target=$(cargo metadata --locked --no-deps --format-version 1 | grep -oE '"target_directory":"[^"]*"' | cut -d'"' -f4)
echo "$target/$folder/millrace"
