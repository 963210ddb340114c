#!/bin/sh
# tidy.sh FLAG... -- FILE...: clang-tidy on each file; says nothing about clean ones.
flags=
while [ "$1" != -- ]; do
    flags="$flags $1"
    shift
done
shift
status=0
for file in "$@"; do
    # shellcheck disable=SC2086 # a list of words
    said=$(clang-tidy --quiet "$file" -- $flags 2>/dev/null) || {
        printf '%s\n' "$said"
        status=1
    }
done
exit $status
