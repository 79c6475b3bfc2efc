#!/usr/bin/env bash
# Prints the path of axe-core's axe.min.js, for the tests of the pages: in the version that hack/axe pins, fetched with
# npm when it is first needed. A machine without npm gets it from its package manager, and is told so.
set -euo pipefail

module=$(cd "$(dirname "$0")/axe" && pwd)
axe=$module/node_modules/axe-core/axe.min.js

# npm leaves a copy of the lock file beside what it installed.
up_to_date() {
	[ -s "$axe" ] && [ "$module/node_modules/.package-lock.json" -nt "$module/package-lock.json" ]
}

if [ -n "${AXE:-}" ] && [ -s "$AXE" ]; then
	echo "$AXE"
	exit
fi
if ! up_to_date; then
	"$(dirname "$0")/npm.sh" || {
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
