#!/usr/bin/env bash
# Prints the path of Postfix, for the tests against a real mail server. A machine without one gets it from its package
# manager, and is told so: the program alone, without a configuration, and without a service that runs.
set -euo pipefail

find_postfix() {
	for name in ${POSTFIX:-} postfix /usr/sbin/postfix; do
		command -v "$name" && return 0
	done
	return 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Debian starts what it installs, unless this program says that it must not.
POLICY=/usr/sbin/policy-rc.d

install_quietly() {
	if [ ! -e $POLICY ]; then
		trap 'as_root rm -f $POLICY' EXIT
		printf '#!/bin/sh\nexit 101\n' | as_root tee $POLICY >/dev/null && as_root chmod +x $POLICY
	fi
	echo "postfix postfix/main_mailer_type select No configuration" | as_root debconf-set-selections
	as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postfix
}

find_postfix && exit 0
{
	echo "No Postfix on this machine: installing it with the package manager ..."
	if command -v apt-get >/dev/null; then
		install_quietly
	elif command -v dnf >/dev/null; then # neither starts what it installs
		as_root dnf install -y postfix
	elif command -v apk >/dev/null; then
		as_root apk add postfix
	else
		echo "There is no package manager here that this script knows (apt-get, dnf, apk)."
	fi
} >&2 || true
find_postfix || {
	echo "The tests against a real mail server need Postfix: install it, or set POSTFIX to its path." >&2
	exit 1
}
