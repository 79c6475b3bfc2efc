#!/usr/bin/env bash
# Has npm there: a machine without it gets it from its package manager, and is told so. Fails if that does not work.
set -euo pipefail

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
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
	command -v npm >/dev/null
fi
