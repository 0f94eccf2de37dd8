#!/usr/bin/env bash
# Fuzzes every parser and whatever else reads what strangers wrote, one target after the other. docs/parsers.md, "Fuzzing".
#
# Usage: scripts/fuzz.sh [TARGET…]           run all targets or these, FUZZ_SECONDS (600) each
#        scripts/fuzz.sh replay [TARGET…]    only the committed inputs: seconds a target
#        scripts/fuzz.sh seeds               write the first inputs anew, into fuzz/corpus
#        scripts/fuzz.sh keep [TARGET…]      add what was found to fuzz/corpus where it reaches new code (KEEP_KIB, 48, and KEEP_FILES, 24, a target)
#
# A run goes on after an input that fails, until its time is over. Inputs that were found are in fuzz/target/found/TARGET, logs in
# fuzz/target/logs/TARGET.log with a line for each run in summary.tsv. Inputs that fail are in fuzz/target/failures/TARGET; those
# that a parser process contains (memory, time, panics of libraries) in fuzz/target/contained/TARGET, with the reasons in
# fuzz/target/logs/TARGET.contained. The exit code is 1 when any failed.
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
    (ulimit -s $stack -c 0 && FUZZ_TARGET=$target FUZZ_CONTAINED=$PWD/target/logs/$target.contained exec nice -n 10 "$bin" "${dictionary[@]}" -timeout="$timeout" -rss_limit_mb="$rss_mb" \
        -report_slow_units=10 -artifact_prefix="target/failures/$target/" "$@")
}

# What ended a run is tried again, alone: a parser process answers a file that wants too much memory or time with a code of its
# own and nobody else notices, so such an input is set aside; in the server it is a failure.
judge() { # target
    local target=$1 input words
    rm -f "target/failures/$target"/slow-unit-*
    for input in "target/failures/$target"/*; do
        [ -f "$input" ] || continue
        local status=0
        run "$target" "$input" >"target/logs/$target.judged" 2>&1 || status=$?
        words=$(grep -m1 -E 'memory allocation of|out-of-memory|timeout|panicked at|deadly signal' "target/logs/$target.judged" || true)
        if [ $status -eq 0 ]; then words="did not fail again: it ran on a machine that paused, or out of memory by the sum of many inputs"; fi
        case $in_server in *" $target "*) [ $status -eq 0 ] || continue ;; esac
        case $words in *"memory allocation of"* | *out-of-memory* | *timeout* | "did not fail again"*)
            mkdir -p "target/contained/$target"
            mv "$input" "target/contained/$target/"
            echo "${input##*/}: $words" >>"target/logs/$target.contained"
            ;;
        esac
    done
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
        files=${KEEP_FILES:-24}
        while read -r size name; do
            [ -e "corpus/$target/$name" ] && continue
            room=$((room - size))
            files=$((files - 1))
            if [ $room -lt 0 ] || [ $files -lt 0 ]; then break; fi
            cp "target/kept/$target/$name" "corpus/$target/"
        done < <(find "target/kept/$target" -type f -printf '%s %f\n' | sort -n)
        ;;
    replay) run "$target" -runs=0 "${known[@]}" >"$log" 2>&1 || status=$? ;;
    run)
        rm -f "target/logs/$target.contained"
        run "$target" -fork=1 -ignore_crashes=1 -ignore_ooms=1 -ignore_timeouts=1 -max_total_time="$seconds" -max_len=65536 \
            "target/found/$target" "${known[@]}" >"$log" 2>&1 || status=$?
        judge "$target"
        [ -z "$(ls "target/failures/$target")" ] || status=1
        ;;
    esac
    runs=$(sed -nE 's/^#([0-9]+)[:[:space:]].*/\1/p' "$log" | tail -1)
    coverage=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -1)
    touch "target/logs/$target.contained"
    contained=$(sed -E 's/^contained: ([^ ]*): .*/\1/' "target/logs/$target.contained" | sort -u | wc -l)
    result=fine
    if [ $status -ne 0 ]; then
        result="FAILED ($(ls "target/failures/$target" | wc -l) inputs)"
        failed=1
    fi
    line="$target\t$((SECONDS - began)) s\t${runs:-?} runs\t${coverage:-?} edges\t$contained contained\t$result"
    echo -e "$line"
    echo -e "$(date -u +%FT%TZ)\t$mode\t$line" >>target/logs/summary.tsv
done
exit $failed
