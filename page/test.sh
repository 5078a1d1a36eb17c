#!/usr/bin/env bash
# The tests of the page's program: is the committed page what the sources make, and does every control work in a browser?
# KIRCHHOFF names the tool, CHROMIUM the browser; without npm or a browser, what needs them is left out, and it says so.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v npm >/dev/null; then
    echo "npm is not there: explanation.html is not rebuilt, nor tried in a browser"
    exit 0
fi
[ -d node_modules ] || npm ci --ignore-scripts --no-audit --no-fund
npm run --silent check
if [ ! -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
    echo "no chromium at ${CHROMIUM:-/usr/bin/chromium}: explanation.html is not tried in a browser"
    exit 0
fi
npm test --silent
