#!/usr/bin/env bash
# Prints a directory with a package.json, and has what its lock file pins in it, fetched with npm when it is first needed. The second
# argument is a package that is there then. A machine without npm gets it from its package manager, and is told so.
set -euo pipefail

module=$(cd "$1" && pwd)
package=$2

# npm leaves a copy of the lock file beside what it installed.
up_to_date() {
	[ -d "$module/node_modules/$package" ] && [ "$module/node_modules/.package-lock.json" -nt "$module/package-lock.json" ]
}

"$(dirname "$0")/npm.sh" || {
	echo "The tests that use $package need Node.js with npm: install it." >&2
	exit 1
}
if ! up_to_date; then
	npm ci --prefix "$module" --prefer-offline --ignore-scripts --no-audit --no-fund >&2 || {
		echo "The tests that use $package need what npm failed to fetch, as it says above." >&2
		exit 1
	}
	touch "$module/node_modules/.package-lock.json" # npm leaves its time alone when there was nothing to fetch
fi
echo "$module"
