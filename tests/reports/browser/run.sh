#!/bin/sh
# Usage: run.sh REPORT_PAGES BUILD_DIR [--update] [--shots DIR]. Exit 77: skipped, something is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../npm_packages.sh"
pages=$1
build=$2
shift 2
skip() { echo "SKIPPED: the report pages were NOT opened in a browser: $1"; exit 77; }
chromium=${LIFTMARK_CHROMIUM:-$(command -v chromium || true)}
[ -n "$chromium" ] || skip "chromium is not installed (apt-get install chromium)"
npm_packages "$here" "$build" || skip "$missing"
rm -rf "$build/pages"
"$pages" "$build/pages"
LIFTMARK_CHROMIUM=$chromium LIFTMARK_NODE_PACKAGES=$build node "$here/check.mjs" "$build/pages" "$@"
