#!/bin/sh
# fuzz.sh SECONDS NAME...: every libFuzzer target of build/fuzz/ for so long, two at a time, beginning with its corpus. What is
# found new stays in build/fuzz/corpus/NAME; a crash leaves its input in build/fuzz/crashes/ and fails the run.
set -eu
seconds=$1
shift
mkdir -p build/fuzz/crashes build/fuzz/logs
one() {
    mkdir -p "build/fuzz/corpus/$1"
    if "build/fuzz/fuzz-$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/crashes/$1-" "build/fuzz/corpus/$1" "tests/fuzz/corpus/$1" >"build/fuzz/logs/$1" 2>&1; then
        echo "ok - $1 ($(sed -n 's/stat::number_of_executed_units: *//p' "build/fuzz/logs/$1") runs)"
    else
        echo "not ok - $1"
        tail -n 25 "build/fuzz/logs/$1" | sed 's/^/    /'
        return 1
    fi
}
status=0
while [ $# -gt 0 ]; do
    one "$1" &
    first=$!
    shift
    if [ $# -gt 0 ]; then
        one "$1" || status=1
        shift
    fi
    wait $first || status=1
done
exit $status
