#!/usr/bin/env bash
# The browser that the report's pages are tested in: Debian's, brought where that is allowed.
set -euo pipefail
if command -v chromium chromium-browser >/dev/null; then exit 0; fi
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
else
  echo "chromium is not here; the browser's tests are skipped (apt-get install chromium)" >&2
fi
