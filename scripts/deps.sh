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

# install PACKAGE installs a Debian package, with sudo where that is needed. A server among them is not started, now or
# with the machine: tests start their own.
install() {
	local as_root=()
	if [[ $(id -u) != 0 ]]; then as_root=(sudo -n); fi
	if ! present apt-get || ! "${as_root[@]}" true 2>/dev/null; then
		echo "$1 is missing and cannot be installed from here; tests that drive it will not pass until it is there."
		return
	fi
	"${as_root[@]}" apt-get update -qq
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive sh -euc '
		policy=/usr/sbin/policy-rc.d
		if [ ! -e $policy ]; then
			trap "rm -f $policy" EXIT
			printf "#!/bin/sh\nexit 101\n" >$policy # which forbids
			chmod +x $policy
		fi
		apt-get install -qq --yes --no-install-recommends "$1" >/dev/null
		if command -v systemctl >/dev/null; then systemctl --quiet disable "$1" 2>/dev/null || true; fi
	' sh "$1"
	echo "$1 installed."
}

if wanted_by github.com/chromedp/chromedp && ! present chromium chromium-browser google-chrome; then
	install chromium
fi

# The tests of the SQL store of tokens start a server of their own from it.
if [[ -d tokens/sqltest ]] && ! present initdb /usr/lib/postgresql/*/bin/initdb; then
	install postgresql
fi

# The proxies that services stand behind, which tests start with configurations of their own.
if [[ -d internal/testkit/proxy ]]; then
	for proxy in nginx haproxy; do
		if ! present "$proxy" "/usr/sbin/$proxy"; then install "$proxy"; fi
	done
fi

# Packages of Node.js are pinned by a lock file beside the tests that run them. None may run a script of its own.
while read -r lock; do
	if ! present node; then install nodejs; fi
	if ! present npm; then install npm; fi
	dir=$(dirname "$lock")
	if [[ $dir/node_modules/.package-lock.json -nt $lock ]]; then continue; fi
	if ! (cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error); then
		echo "The packages of $lock cannot be installed from here; tests that run them will not pass until they are there."
	fi
done < <(find . -name node_modules -prune -o -name package-lock.json -print)

if ! present python3; then
	install python3
fi
echo "Everything that could be installed is there."
