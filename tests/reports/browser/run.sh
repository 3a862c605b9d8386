#!/bin/sh
# Usage: run.sh REPORT_PAGES BUILD_DIR [--update] [--shots DIR]. Exit 77: skipped, something is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
pages=$1
build=$2
shift 2
skip() { echo "SKIPPED: the report pages were NOT opened in a browser: $1"; exit 77; }
chromium=${LIFTMARK_CHROMIUM:-$(command -v chromium || true)}
[ -n "$chromium" ] || skip "chromium is not installed (apt-get install chromium)"
command -v node >/dev/null || skip "node is not installed (apt-get install nodejs)"
command -v npm >/dev/null || skip "npm is not installed (apt-get install npm)"
mkdir -p "$build"
if ! cmp -s "$here/package-lock.json" "$build/package-lock.json" || [ ! -d "$build/node_modules/axe-core" ]; then
  cp "$here/package.json" "$here/package-lock.json" "$build/"
  (cd "$build" && npm ci --no-audit --no-fund --loglevel=error) || { rm -f "$build/package-lock.json"; skip "npm could not fetch axe-core and playwright-core"; }
fi
rm -rf "$build/pages"
"$pages" "$build/pages"
LIFTMARK_CHROMIUM=$chromium LIFTMARK_NODE_PACKAGES=$build node "$here/check.mjs" "$build/pages" "$@"
