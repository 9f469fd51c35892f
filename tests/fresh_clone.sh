#!/usr/bin/env bash
# The demo as a newcomer types it: in a fresh clone, from nothing but Python and make, in a home of its own.
set -euo pipefail
here=$(git -C "$(dirname "$0")/.." rev-parse --show-toplevel)
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
git clone -q "$here" "$there/agp"
mkdir "$there/home"
cd "$there/agp"
env -u AGP_HOME -u CLAUDE_CONFIG_DIR -u VIRTUAL_ENV AGP_HOME="$there/home/.agp" make demo | tee "$there/shown"
grep -q '^The adapter beats its base: -' "$there/shown"     # the interval lies below 0
grep -qE '^control .* passed' "$there/shown"                # and a scrambled adapter does not do it
grep -q '^tuned ─' "$there/shown"                           # an answer before and after
.venv/bin/agp --version
