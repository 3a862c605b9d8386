#!/bin/sh
# `liftmark assign` as a person runs it. Usage: assign_test.sh <liftmark> <top of the tree>
set -eu
liftmark=$1 catalog=$2/examples/catalog.json
fail() { echo "$1"; exit 1; }

one=$("$liftmark" assign --catalog "$catalog" --unit qa-1 --experiment recommendations)
[ "$one" = 'recommendations: bought together (overridden)' ] || fail "one unit: $one"

told=$("$liftmark" assign --catalog "$catalog" --unit user-1 --attribute country=FR --explain)
echo "$told" | grep -q -- '- audience: country in "AT" "CZ" "DE": no' || fail "explain: $told"
echo "$told" | grep -q -- '+ consent: granted' || fail "explain: $told"

printf 'unit,country\nuser-1,CZ\nuser-2,FR\n' >units.$$.csv
printf '{"unit":"user-1","country":"CZ"}\n{"unit":"user-2","country":"FR"}\n' >units.$$.ndjson
trap 'rm -f units.$$.csv units.$$.ndjson' EXIT
"$liftmark" assign --catalog "$catalog" --input units.$$.csv >from_csv.$$ && "$liftmark" assign --catalog "$catalog" \
  --input units.$$.ndjson >from_ndjson.$$ || fail "stream"
cmp from_csv.$$ from_ndjson.$$ && [ "$(wc -l <from_csv.$$)" = 4 ] || fail "CSV and NDJSON differ"
grep -q '"unit":"user-2","experiment":"recommendations","arm":"control","reason":"not_targeted"' from_csv.$$ || fail "reason"
rm -f from_csv.$$ from_ndjson.$$

status=0; "$liftmark" assign --catalog "$catalog" --unit u --experiment nothing 2>/dev/null || status=$?
[ $status = 2 ] || fail "an unknown experiment must be exit code 2, was $status"
status=0; "$liftmark" assign --catalog "$catalog" 2>/dev/null || status=$?
[ $status = 2 ] || fail "no unit must be exit code 2, was $status"
status=0; printf 'not json\n' | "$liftmark" assign --catalog "$catalog" --input - --input-format ndjson 2>/dev/null || status=$?
[ $status = 4 ] || fail "a broken row must be exit code 4, was $status"
