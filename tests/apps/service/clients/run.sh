#!/bin/sh
# OpenFeature's and GrowthBook's own clients against a running service. Usage: run.sh LIFTMARK BUILD_DIR. Exit 77: skipped.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../../npm_packages.sh"
npm_packages "$here" "$2" || {
  echo "SKIPPED: the service was NOT asked by OpenFeature's and GrowthBook's clients: $missing"
  exit 77
}
LIFTMARK_NODE_PACKAGES=$2 exec node "$here/clients.mjs" "$1"
