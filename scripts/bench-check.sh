#!/usr/bin/env bash
# Fails if a benchmark got worse by more than a tenth since a commit: scripts/bench-check.sh [COMMIT]
# Without COMMIT, that is the last tag. What is compared with it is the tree as it lies here, uncommitted changes included.
#
# The test binaries of both are built first and then take turns, so that whatever else the machine does meets both alike.
# benchstat tells what is a difference and what is noise. Where a commit changes a benchmark itself, the numbers of the two
# are not for the same work.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
base=${1:-$(git describe --tags --abbrev=0 2>/dev/null || true)}
if [[ -z $base ]]; then
	echo "There is no tag to compare with; name a commit: make bench-check BASE=main~10"
	exit 2
fi
base=$(git rev-parse --verify --quiet "$base^{commit}") || { echo "There is no commit called $1."; exit 2; }

# Our own part of the benchmarks: not what they have beside it as a yardstick, and nothing over a network.
packages=(. ./internal/plan ./internal/wire)
benchmarks=('^Benchmark(ServeHTTP|Dispatch)$/^(sum|echo|batch100)$/^jacinth$' '^Benchmark(Small|Order)$/^plan$' '^BenchmarkScan$')
rounds=${ROUNDS:-10} tries=5 time=20ms most=10 # percent
benchstat=golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da

# quickest keeps one line of each benchmark: whatever disturbs a try can only make it slower.
quickest() {
	awk '!/^Benchmark/ { print; next }
		!($1 in line) || $3 < best[$1] { line[$1] = $0; best[$1] = $3 }
		END { for (name in line) print line[name] }'
}

work=$(mktemp -d)
trap 'git worktree remove --force "$work/tree" 2>/dev/null || true; rm -rf "$work"' EXIT
git worktree add --quiet --detach "$work/tree" "$base"

echo "Building the benchmarks of $(git log -1 --format='%h (%s)' "$base") and of what lies here"
for i in "${!packages[@]}"; do
	(cd "$work/tree" && go test -c -o "$work/$i.old" "${packages[i]}")
	go test -c -o "$work/$i.new" "${packages[i]}"
done
for ((round = 1; round <= rounds; round++)); do
	echo "Round $round of $rounds"
	turn=(old new)
	((round % 2)) || turn=(new old)
	for i in "${!packages[@]}"; do
		for side in "${turn[@]}"; do
			"$work/$i.$side" -test.run='^$' -test.bench="${benchmarks[i]}" -test.benchtime="$time" -test.count="$tries" -test.benchmem |
				quickest >>"$work/$side"
		done
	done
done

(cd "$work" && GOWORK=off go run "$benchstat" -alpha=0.01 old new)
(cd "$work" && GOWORK=off go run "$benchstat" -alpha=0.01 -format=csv old new 2>/dev/null) >"$work/csv"
# Of each table, the second column of names tells the unit, and the one before the last how much that has changed; it
# is ~ where benchstat sees no difference.
worse=$(awk -F, -v most="$most" '
	$1 == "" && $2 ~ /\// { unit = $2 }
	$1 != "" && $1 != "geomean" && $6 ~ /^\+[0-9.]+%$/ && unit != "B/s" {
		if (substr($6, 2) + 0 > most) print "  " $1 ": " $6 " " unit " (" $7 ")"
	}' "$work/csv")
if [[ -n $worse ]]; then
	printf 'Worse by more than %s %%:\n%s\n' "$most" "$worse"
	exit 1
fi
echo "Nothing is worse by more than $most %."
