#!/usr/bin/env bash
# Prints the directory of the SCIM server that the tests of the directory adapter use, with what it needs.
set -euo pipefail
exec "$(dirname "$0")/npm-ci.sh" "$(dirname "$0")/../test/realscim/server" scimmy
