#!/usr/bin/env bash
# Fuzzes every Fuzz function of every module, one after another, each for the time given: scripts/fuzz.sh 10s
#
# The race detector is left out on purpose: it makes fuzzing many times slower, and the same targets run under it with
# their seeds in `make unit`. As many processes work on one target as Go has processors (GOMAXPROCS).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
fuzztime=${1:?"say how long each target runs, for example 10s"}

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# found DIR NAME lists the failing inputs that are kept for a target.
found() { find "$1/testdata/fuzz/$2" -type f 2>/dev/null | sort || true; }

# fuzz PACKAGE NAME fuzzes one target. A new input is made smaller by a hundred runs at most: a minute, which is the
# default, is longer than most targets have, and they would do nothing else.
#
# Up to Go 1.26 a run can end as failed with nothing but "context deadline exceeded" although no input failed: the
# coordinator's clock and its workers' are two contexts, and it can see the one end before the other (go.dev/issue/75804,
# cured in Go 1.27). Exactly that is let pass: this line alone under the target's name, and no failing input written.
fuzz() {
	local package=$1 name=$2 dir before
	dir=$(go list -f '{{.Dir}}' "$package")
	before=$(found "$dir" "$name")
	echo "-- $name in $package"
	if go test -run='^$' -fuzz="^$name\$" -fuzztime="$fuzztime" -fuzzminimizetime=100x "$package" 2>&1 | tee "$log"; then return 0; fi
	if grep -A 1 "^--- FAIL: $name " "$log" | grep -qx '    context deadline exceeded' &&
		! grep -q 'Failing input written' "$log" && [[ $(found "$dir" "$name") == "$before" ]]; then
		echo "No input failed: the time of $name ended, and Go reported that as a failure (go.dev/issue/75804)."
		return 0
	fi
	return 1
}

targets=$(go test -list='^Fuzz' work | awk '
	/^Fuzz/ { names[++count] = $1 }
	/^ok/   { for (i = 1; i <= count; i++) print $2, names[i]; count = 0 }')
if [[ -z $targets ]]; then
	echo "There is no fuzz target."
	exit
fi
while read -r package name; do
	# Standard input is closed so that a target cannot eat the list.
	fuzz "$package" "$name" </dev/null
done <<<"$targets"
