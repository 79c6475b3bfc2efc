#!/usr/bin/env bash
# Prints the directory of the OpenID provider that the end-to-end tests sign people in with, with what it needs: in the versions that
# test/realoidc/server pins, fetched with npm when it is first needed. A machine without npm gets it from its package manager, and
# is told so.
set -euo pipefail

module=$(cd "$(dirname "$0")/../test/realoidc/server" && pwd)

# npm leaves a copy of the lock file beside what it installed.
up_to_date() {
	[ -d "$module/node_modules/oidc-provider" ] && [ "$module/node_modules/.package-lock.json" -nt "$module/package-lock.json" ]
}

"$(dirname "$0")/npm.sh" || {
	echo "The end-to-end tests need an OpenID provider, and that needs Node.js with npm: install it." >&2
	exit 1
}
if ! up_to_date; then
	npm ci --prefix "$module" --prefer-offline --ignore-scripts --no-audit --no-fund >&2 || {
		echo "The end-to-end tests need oidc-provider, and npm failed to fetch it, as it says above." >&2
		exit 1
	}
	touch "$module/node_modules/.package-lock.json" # npm leaves its time alone when there was nothing to fetch
fi
echo "$module"
