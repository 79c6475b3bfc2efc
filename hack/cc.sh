#!/usr/bin/env bash
# Prints the path of a C compiler, which Go's race detector needs. A machine without one gets gcc, and the headers of its
# C library, from its package manager, and is told so.
set -euo pipefail

find_compiler() {
	if [ -n "${CC:-}" ] && command -v "${CC%% *}" >/dev/null; then # it may have arguments
		echo "$CC"
		return 0
	fi
	for name in gcc clang cc; do
		command -v "$name" && return 0
	done
	return 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

find_compiler && exit 0
{
	echo "No C compiler on this machine: installing gcc with the package manager ..."
	if command -v apt-get >/dev/null; then
		as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends gcc libc6-dev
	elif command -v dnf >/dev/null; then
		as_root dnf install -y gcc glibc-devel
	elif command -v apk >/dev/null; then
		as_root apk add gcc musl-dev
	else
		echo "There is no package manager here that this script knows (apt-get, dnf, apk)."
	fi
} >&2 || true
find_compiler || {
	echo "The tests look for data races, and that needs a C compiler: install gcc and the C library's headers, or set CC to a compiler." >&2
	exit 1
}
