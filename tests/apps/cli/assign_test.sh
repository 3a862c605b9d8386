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

# With a store: its catalog, the arms it keeps, its consents, and who an anonymous id became.
place=$(mktemp -d)
trap 'rm -rf units.$$.csv units.$$.ndjson "$place"' EXIT
store=$place/shop.db
"$liftmark" init "$store" >/dev/null
status=0; "$liftmark" assign "$store" --unit u 2>/dev/null || status=$?
[ $status = 5 ] || fail "a store without a catalog must be exit code 5, was $status"
cat >"$place/catalog.json" <<'END'
{"schema": "liftmark.catalog/1", "currency": "EUR",
 "metrics": [{"key": "buyers", "kind": "proportion", "numerator": {"event": "purchase"}}],
 "experiments": [{"key": "checkout", "sticky": true, "hashing": {"salt": "checkout-1"}, "plan": {"primary": ["buyers"]},
   "arms": [{"key": "control", "role": "control"}, {"key": "new"}]}]}
END
"$liftmark" apply "$store" "$place/catalog.json" >/dev/null
arm_of() { "$liftmark" assign "$store" --unit "$1" | sed 's/checkout: //'; }
# Two units whose hashes disagree.
first=$(arm_of cookie-1)
user=
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
  [ "$(arm_of "user-$i")" = "$first" ] || { user=user-$i; break; }
done
[ -n "$user" ] || fail "30 users all have the arm of cookie-1"
case $(arm_of cookie-1) in *assigned*) ;; *) fail "looking must not enrol" ;; esac
"$liftmark" assign "$store" --unit cookie-1 --keep >/dev/null
kept=$(arm_of cookie-1)
[ "$kept" = "${first%%(*}(sticky)" ] || fail "the kept arm: $kept, first $first"
"$liftmark" link "$store" cookie-1 "$user" >/dev/null
[ "$(arm_of "$user")" = "$kept" ] || fail "the user must keep the visitor's first arm: $(arm_of "$user"), not $kept"
"$liftmark" assign "$store" --unit "$user" --explain | grep -q '+ sticky: arm' || fail "explain must show the kept arm"
"$liftmark" consent "$store" "$user" denied >/dev/null
case $(arm_of "$user") in 'control (no_consent)') ;; *) fail "stored consent: $(arm_of "$user")" ;; esac
[ "$("$liftmark" assign "$store" --unit "$user" --consent granted)" = "checkout: $kept" ] || fail "--consent goes before"
# A store that cannot give its kept arms gives fresh hashes and says so.
sqlite3 "$store" 'DROP TABLE sticky'
"$liftmark" assign "$store" --unit cookie-1 2>"$place/said" | grep -q 'assigned, a fresh hash' || fail "unreadable kept arms"
grep -q 'kept arms cannot be read' "$place/said" || fail "unreadable kept arms must be said"
printf 'unit\ncookie-1\n' | "$liftmark" assign "$store" --input - 2>/dev/null | grep -q '"sticky_unreadable":true' || fail "NDJSON says so"
# verify takes a store's catalog too.
printf 'unit,arm\ncookie-9,%s\n' "$(arm_of cookie-9 2>/dev/null | sed 's/ (.*//')" >"$place/export.csv"
"$liftmark" verify "$place/export.csv" --catalog "$store" >/dev/null || fail "verify with a store's catalog"
status=0; "$liftmark" assign --unit u 2>/dev/null || status=$?
[ $status = 2 ] || fail "neither store nor catalog must be exit code 2, was $status"

# What evaluations leave behind, for a caller without the service: the holdout's own exposures, ready to import.
cat >"$place/held.json" <<'EOF'
{"schema": "liftmark.catalog/1", "currency": "EUR",
 "layers": [{"key": "page", "salt": "page-1"}],
 "holdouts": [{"key": "everywhere", "share": 0.3, "salt": "h-1"}, {"key": "of-page", "share": 0.3, "salt": "h-2", "layer": "page"}],
 "ledgers": [{"holdout": "everywhere", "metrics": ["buyers"]}, {"holdout": "of-page", "metrics": ["buyers"]}],
 "metrics": [{"key": "buyers", "kind": "proportion", "numerator": {"event": "purchase"}, "window_days": 7}],
 "experiments": [
  {"key": "checkout", "hashing": {"salt": "checkout-1"}, "plan": {"primary": ["buyers"]},
   "arms": [{"key": "control", "role": "control"}, {"key": "new"}]},
  {"key": "box", "layer": "page", "slots": [[0, 1]], "exposure": "evaluation", "hashing": {"salt": "box-1"},
   "plan": {"primary": ["buyers"], "segments": ["country"]}, "arms": [{"key": "off", "role": "control"}, {"key": "on"}]}]}
EOF
{ echo unit,country; for i in $(seq 1 200); do echo "u$i,CZ"; done; } >"$place/units.csv"
"$liftmark" assign --catalog "$place/held.json" --input "$place/units.csv" --format csv \
  --exposures "$place/exposures.ndjson" --at 2026-03-02 >"$place/arms.csv" || fail "exposures"
count() { grep -c "$1" "$place/$2" || true; }
# Both experiments answer held_out for a unit that the global holdout keeps out; the page's own holdout says so of
# the box alone, and units kept out everywhere are not in its population.
everywhere=$(count '^u[0-9]*,checkout,[a-z]*,held_out' arms.csv)
both=$(count '^u[0-9]*,box,[a-z]*,held_out' arms.csv)
[ "$everywhere" -gt 30 ] && [ "$both" -gt "$everywhere" ] || fail "held out: $everywhere and $both of 200"
[ "$(count '"everywhere".*"held_out"' exposures.ndjson)" = "$everywhere" ] || fail "global holdout, held out"
[ "$(count '"everywhere".*"open"' exposures.ndjson)" = "$((200 - everywhere))" ] || fail "global holdout, open"
[ "$(count '"of-page".*"held_out"' exposures.ndjson)" = "$((both - everywhere))" ] || fail "layer holdout, held out"
[ "$(count '"of-page".*"open"' exposures.ndjson)" = "$((200 - both))" ] || fail "layer holdout, open"
# Of the experiments only the one whose exposure is the evaluation, with the attribute its plan groups by.
[ "$(count '"checkout"' exposures.ndjson)" = 0 ] || fail "checkout reports its exposures itself"
[ "$(count '"box".*"country":"CZ".*"at":"2026-03-02T00:00:00Z"' exposures.ndjson)" = "$((200 - both))" ] || fail "box"
held=$place/held.db
"$liftmark" init "$held" >/dev/null && "$liftmark" apply "$held" "$place/held.json" >/dev/null
"$liftmark" import "$held" "$place/exposures.ndjson" --recorded-at event-time >/dev/null || fail "import of exposures"
printf 'unit,type,at\nu1,purchase,2026-03-20\n' >"$place/events.csv"
"$liftmark" import "$held" "$place/events.csv" --recorded-at event-time >/dev/null || fail "import of events"
"$liftmark" report "$held" everywhere --format json >"$place/ledger.json" || fail "report of the holdout"
grep -q "\"held_out_units\": *$everywhere" "$place/ledger.json" || fail "the ledger has not $everywhere units held out"
status=0; "$liftmark" assign --catalog "$place/held.json" --unit u --at 2026-03-02 2>/dev/null || status=$?
[ $status = 2 ] || fail "--at without --exposures must be exit code 2, was $status"
