#!/usr/bin/env bash
# Fuzzes every parser and whatever else reads what strangers wrote, one target after the other. docs/parsers.md, "Fuzzing".
#
# Usage: scripts/fuzz.sh [TARGET…]           run all targets or these, FUZZ_SECONDS (600) each
#        scripts/fuzz.sh replay [TARGET…]    only the committed inputs: seconds a target
#        scripts/fuzz.sh seeds               write the first inputs anew, into fuzz/corpus
#        scripts/fuzz.sh keep [TARGET…]      add what was found to fuzz/corpus where it reaches new code (KEEP_KIB, 48, a target)
#
# Inputs that were found are in fuzz/target/found/TARGET, logs in fuzz/target/logs/TARGET.log with a line for each run in
# summary.tsv, inputs that fail in fuzz/target/failures/TARGET. The exit code is 1 when there were any.
# Wants a C++ compiler for libFuzzer; FUZZ_SANITIZER=address wants RUSTC_BOOTSTRAP=1 or a nightly toolchain beside.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

seconds=${FUZZ_SECONDS:-600}
timeout=${FUZZ_TIMEOUT:-30}
rss_mb=${FUZZ_RSS_MB:-2048}
triple=$(rustc -vV | sed -n 's/^host: //p')
# What the server itself reads has the stack of one of its threads; the rest has that of a parser process.
in_server=" text markdown json ndjson xml rtf code csv sniff encodings pointer page_ranges tesseract_tsv "

mode=run
case ${1:-} in replay | seeds | keep) mode=$1; shift ;; esac
if [ "$mode" = seeds ]; then exec cargo run --locked --quiet --package millrace-fuzz-seeds -- corpus; fi
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(ls corpus)

# Coverage for libFuzzer: counters for edges, a table of their places, and the operands of comparisons.
flags="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
flags+=" -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0"
[ "${FUZZ_SANITIZER:-none}" = none ] || flags+=" -Zsanitizer=$FUZZ_SANITIZER"
# With a target triple the flags are not for build scripts and macros, which could not be linked.
RUSTFLAGS=$flags cargo build --locked --release --target "$triple" --bin millrace-fuzz
bin=target/$triple/release/millrace-fuzz

mkdir -p target/logs
run() { # target, arguments of libFuzzer
    local target=$1 stack=65536
    shift
    case $in_server in *" $target "*) stack=2048 ;; esac
    mkdir -p "target/found/$target" "target/failures/$target" "corpus/$target"
    local dictionary=()
    [ -f "dictionaries/$target.dict" ] && dictionary=(-dict="dictionaries/$target.dict")
    (ulimit -s $stack -c 0 && FUZZ_TARGET=$target exec nice -n 10 "$bin" "${dictionary[@]}" -timeout="$timeout" -rss_limit_mb="$rss_mb" \
        -report_slow_units=10 -artifact_prefix="target/failures/$target/" "$@")
}

failed=0
for target in "${targets[@]}"; do
    log=target/logs/$target.log
    known=("corpus/$target")
    [ -d "regressions/$target" ] && known+=("regressions/$target")
    status=0
    began=$SECONDS
    case $mode in
    keep)
        # The smallest inputs come first; what is committed stays small.
        mkdir -p "target/kept/$target"
        run "$target" -merge=1 "target/kept/$target" "${known[@]}" "target/found/$target" >"$log.keep" 2>&1 || status=$?
        room=$((${KEEP_KIB:-48} * 1024))
        while read -r size name; do
            [ -e "corpus/$target/$name" ] && continue
            room=$((room - size))
            [ $room -lt 0 ] && break
            cp "target/kept/$target/$name" "corpus/$target/"
        done < <(find "target/kept/$target" -type f -printf '%s %f\n' | sort -n)
        ;;
    replay) run "$target" -runs=0 "${known[@]}" >"$log" 2>&1 || status=$? ;;
    run)
        run "$target" -max_total_time="$seconds" -max_len=65536 -print_final_stats=1 "target/found/$target" "${known[@]}" >"$log" 2>&1 || status=$?
        ;;
    esac
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
    coverage=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -1)
    contained=$(grep -c '^contained: ' "$log" || true)
    result=fine
    if [ $status -ne 0 ]; then
        result="FAILED ($(sed -n 's/^SUMMARY: libFuzzer: //p' "$log" | tail -1))"
        failed=1
    fi
    line="$target\t$((SECONDS - began)) s\t${runs:-?} runs\t${coverage:-?} edges\t$contained contained\t$result"
    echo -e "$line"
    echo -e "$(date -u +%FT%TZ)\t$mode\t$line" >>target/logs/summary.tsv
done
exit $failed
