#!/bin/sh
# Tells the story of examples/apparel-shop again, in full size, and compares it with the report that is committed.
#   LIFTMARK_UPDATE_GOLDEN=1 sh tests/examples/apparel_shop.sh SOURCE BUILD    writes it anew
set -eu
source=$1
build=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Only the moment of the run, and the days until it, differ from one telling to the next.
LIFTMARK_BIN=$build/bin "$source/examples/apparel-shop/run" "$folder" |
  sed -E -e 's/, as of [0-9].*//' -e 's/^( *(• )?(Days|Planned end, days) +(· )?[0-9]+ +(· )?)[0-9]+/\1.../' >"$folder/told.txt"
grep -q 'The decision: recommendations' "$folder/told.txt"
test -s "$folder/report.html"
if [ -n "${LIFTMARK_UPDATE_GOLDEN:-}" ]; then
  cp "$folder/told.txt" "$source/examples/apparel-shop/report.txt"
  exit 0
fi
diff -u "$source/examples/apparel-shop/report.txt" "$folder/told.txt"
