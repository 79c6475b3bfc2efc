#!/usr/bin/env bash
# Prints the path of axe-core's axe.min.js, for the tests of the pages: in the version that hack/axe pins, fetched with
# npm when it is first needed. A machine without npm gets it from its package manager, and is told so.
set -euo pipefail

module=$(cd "$(dirname "$0")/axe" && pwd)
axe=$module/node_modules/axe-core/axe.min.js

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# npm leaves a copy of the lock file beside what it installed.
up_to_date() {
	[ -s "$axe" ] && [ "$module/node_modules/.package-lock.json" -nt "$module/package-lock.json" ]
}

if [ -n "${AXE:-}" ] && [ -s "$AXE" ]; then
	echo "$AXE"
	exit
fi
if ! up_to_date; then
	command -v npm >/dev/null || {
		echo "No npm on this machine: installing it with the package manager ..."
		if command -v apt-get >/dev/null; then
			as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends nodejs npm
		elif command -v dnf >/dev/null; then
			as_root dnf install -y nodejs npm
		elif command -v apk >/dev/null; then
			as_root apk add nodejs npm
		elif command -v brew >/dev/null; then
			brew install node
		else
			echo "There is no package manager here that this script knows (apt-get, dnf, apk, brew)."
		fi
	} >&2 || true
	command -v npm >/dev/null || {
		echo "The tests of the pages need axe-core: install Node.js with npm, or set AXE to an axe.min.js." >&2
		exit 1
	}
	npm ci --prefix "$module" --prefer-offline --ignore-scripts --no-audit --no-fund >&2 || {
		echo "The tests of the pages need axe-core, and npm failed to fetch it, as it says above: mend that, or set AXE to an axe.min.js." >&2
		exit 1
	}
	touch "$module/node_modules/.package-lock.json" # npm leaves its time alone when there was nothing to fetch
fi
[ -s "$axe" ] || {
	echo "npm has installed what $module/package-lock.json says, and that has no axe-core/axe.min.js." >&2
	exit 1
}
echo "$axe"
