#!/usr/bin/env bash
# Fails unless every module is part of go.work, every go.mod and go.sum is what `go mod tidy` makes of it, and
# `go work sync` would change none of them. It changes nothing itself.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# module_files NAME... lists the files of these names that belong to our modules.
module_files() {
	local name expression=()
	for name in "$@"; do expression+=(-o -name "$name"); done
	find . \( -name testdata -o -name node_modules -o -path ./.git -o -path ./bin \) -prune \
		-o \( "${expression[@]:1}" \) -print | sort
}

# A module that go.work does not know would be tested by nobody. tools/ is apart on purpose: what the linter requires
# must not choose the versions that the library is tested with.
while read -r file; do
	dir=$(dirname "$file")
	if [[ $dir != ./tools ]] && ! go list -m -f '{{.Dir}}' | grep -qxF "$(realpath "$dir")"; then
		echo "The module in $dir is not listed in go.work; add it with: go work use $dir"
		exit 1
	fi
	if ! (cd "$dir" && GOWORK=off go mod tidy -diff); then
		echo "$file or its go.sum is not tidy; run in $dir: go mod tidy"
		exit 1
	fi
done < <(module_files go.mod)

# `go work sync` cannot be asked for a difference, so it works on a copy.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar --exclude=./.git --exclude=./bin --exclude=node_modules -cf - . | tar -xf - -C "$copy"
original=$PWD
cd "$copy"
go work sync
while read -r file; do
	if ! diff -uN "$original/$file" "$file"; then
		echo "The modules of go.work disagree about the versions they require; run: go work sync"
		exit 1
	fi
done < <(module_files go.work go.mod go.sum)
echo "go.work, go.mod and go.sum are complete and agree."
