#!/usr/bin/env bash
# Prints the path of a Chromium or Chrome, for the tests of the pages. A machine without one gets Chromium from its
# package manager, and is told so.
set -euo pipefail

find_browser() {
	for name in ${CHROMIUM:-} chromium chromium-browser google-chrome google-chrome-stable; do
		command -v "$name" && return 0
	done
	return 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

find_browser && exit 0
{
	echo "No Chromium or Chrome on this machine: installing Chromium with the package manager ..."
	if command -v apt-get >/dev/null; then
		as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium fonts-dejavu-core
	elif command -v dnf >/dev/null; then
		as_root dnf install -y chromium
	elif command -v apk >/dev/null; then
		as_root apk add chromium
	elif command -v brew >/dev/null; then
		brew install --cask chromium
	else
		echo "There is no package manager here that this script knows (apt-get, dnf, apk, brew)."
	fi
} >&2 || true
find_browser || {
	echo "The tests of the pages need a browser: install Chromium or Chrome, or set CHROMIUM to one." >&2
	exit 1
}
