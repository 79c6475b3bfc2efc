#!/usr/bin/env bash
# Prints the directory of the SCIM server that the tests of the directory adapter use, with what it needs: in the versions that
# test/realscim/server pins, fetched with npm when it is first needed. A machine without npm gets it from its package manager, and
# is told so.
set -euo pipefail

module=$(cd "$(dirname "$0")/../test/realscim/server" && pwd)

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# npm leaves a copy of the lock file beside what it installed.
up_to_date() {
	[ -d "$module/node_modules/scimmy" ] && [ "$module/node_modules/.package-lock.json" -nt "$module/package-lock.json" ]
}

if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
	{
		echo "No Node.js with npm on this machine: installing it with the package manager ..."
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
		echo "The tests against a real SCIM server need Node.js with npm: install it." >&2
		exit 1
	}
fi
if ! up_to_date; then
	npm ci --prefix "$module" --prefer-offline --ignore-scripts --no-audit --no-fund >&2 || {
		echo "The tests against a real SCIM server need scimmy, and npm failed to fetch it, as it says above." >&2
		exit 1
	}
	touch "$module/node_modules/.package-lock.json" # npm leaves its time alone when there was nothing to fetch
fi
echo "$module"
