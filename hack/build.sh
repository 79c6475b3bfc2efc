#!/usr/bin/env bash
# Builds one program of a nested module, and shows how far it is: the first build can take minutes.
# Usage: hack/build.sh MODULE OUTPUT TITLE [ARGUMENT OF GO BUILD...]
set -euo pipefail

module=$1 output=$PWD/$2 title=$3
shift 3

# With -v, go prints the name of each package that it compiles; whatever else it says has spaces.
show_progress() {
	local line compiled=0 next=10
	while IFS= read -r line; do
		case $line in
		"go: downloading "*) ;;
		*" "*) echo "$line" ;;
		*) compiled=$((compiled + 1)) ;;
		esac
		if ((SECONDS >= next)); then
			echo "  $SECONDS s: $compiled packages compiled"
			next=$((SECONDS + 10))
		fi
	done
}

echo "Building $title ..."
go -C "$module" build -v -o "$output" "$@" 2>&1 | show_progress
touch "$output" # go leaves the time of a program alone that is up to date
