#!/usr/bin/env bash
# Prints the directory of the OpenID provider that the end-to-end tests sign people in with, with what it needs.
set -euo pipefail
exec "$(dirname "$0")/npm-ci.sh" "$(dirname "$0")/../test/realoidc/server" oidc-provider
