#!/usr/bin/env bash
# Installs the programs that tests drive besides Go, on Debian and its kin. Each is wanted only while some module of
# go.work needs it. What cannot be installed here is named, and the tests that need it say so themselves.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# wanted_by MODULE succeeds when some module of go.work requires MODULE.
wanted_by() {
	local dir
	while read -r dir; do
		if grep -qF "$1 " "$dir/go.mod"; then return 0; fi
	done < <(go list -m -f '{{.Dir}}')
	return 1
}

# present PROGRAM... succeeds when one of the programs is there.
present() {
	local program
	for program in "$@"; do
		if command -v "$program" >/dev/null; then return 0; fi
	done
	return 1
}

# install PACKAGE installs a Debian package, with sudo where that is needed.
install() {
	local as_root=()
	if [[ $(id -u) != 0 ]]; then as_root=(sudo -n); fi
	if ! present apt-get || ! "${as_root[@]}" true 2>/dev/null; then
		echo "$1 is missing and cannot be installed from here; tests that drive it will not pass until it is there."
		return
	fi
	"${as_root[@]}" apt-get update -qq
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "$1" >/dev/null
	echo "$1 installed."
}

if wanted_by github.com/chromedp/chromedp && ! present chromium chromium-browser google-chrome; then
	install chromium
fi

# install_node_tools installs what tools/node/package-lock.json pins, unless it is there already.
install_node_tools() {
	local dir=tools/node
	if [[ ! -d $dir ]] || cmp -s "$dir/package-lock.json" "$dir/node_modules/.installed.json"; then return 0; fi
	if ! present npm; then install npm; fi
	if present npm && (cd "$dir" && npm ci --no-audit --no-fund --loglevel=error); then
		cp "$dir/package-lock.json" "$dir/node_modules/.installed.json"
	else
		echo "The packages of $dir cannot be installed from here; the tests of generated clients that need them are skipped."
	fi
}

install_node_tools
if ! present python3; then install python3; fi
echo "Everything that could be installed is there."
