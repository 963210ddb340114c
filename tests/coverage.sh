#!/bin/sh
# Lines covered, from the counts that build/cov/ holds after the tests ran: a folder a line, worst first, and the whole.
set -eu
cd "$(dirname "$0")/.."
find build/cov -name '*.gcda' -not -path '*/tests/*' -print |
    sed 's/\.gcda$//' |
    while read -r object; do
        source=${object#build/cov/}.c
        covered=$(gcov -n -o "$object.gcno" "$source" 2>/dev/null |
            awk -v file="$source" '$0 == "File \x27" file "\x27" { hit = 1; next } hit && /^Lines executed:/ { gsub(/Lines executed:|% of/, " "); print $1, $2; exit }')
        [ -n "$covered" ] && echo "$(dirname "$source") $covered"
    done |
    awk '{ lines[$1] += $3; hit[$1] += $2 * $3 / 100; all += $3; got += $2 * $3 / 100 }
         END { for (f in lines) printf "%5.1f %%  %6d lines  %s\n", 100 * hit[f] / lines[f], lines[f], f
               if (all) printf "%5.1f %%  %6d lines  all\n", 100 * got / all, all }' | sort -n
