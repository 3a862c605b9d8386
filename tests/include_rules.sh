#!/bin/sh
# The house rules on include lines (docs/architecture.md): who may include whom, and which third-party
# headers may stand where. Usage: include_rules.sh <top of the tree>
set -eu
cd "$1"
status=0
# forbid <folder> <extended regular expression> <why>
forbid() {
  [ -d "$1" ] || return 0
  found=$(grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" "$1" --include='*.hpp' --include='*.cpp' --include='*.h' --include='*.c' || true)
  if [ -n "$found" ]; then
    echo "$1: $3"; echo "$found"; status=1
  fi
}
forbid stats  '(assign|engine|reports|apps)/' 'stats knows nothing of ours'
forbid assign '(stats|engine|reports|apps)/' 'assign knows nothing of ours'
forbid engine '(reports|apps)/' 'data flows one way'
forbid engine/definition 'engine/(record|aggregate|analyse|scorecard)|stats/' 'definition sees assign only'
forbid engine/record 'engine/(aggregate|analyse|scorecard)|stats/' 'record sees definition only'
forbid engine/aggregate 'engine/(analyse|scorecard)' 'aggregate sees record and stats'
forbid engine/scorecard '(assign|stats|reports|apps)/|engine/(definition|record|aggregate|analyse)' 'the scorecard is plain structs'
forbid reports '(stats|assign|apps)/|engine/(definition|record|aggregate|analyse)' 'reports sees the scorecard only'
forbid apps/c 'engine/(record|aggregate|analyse)|stats/|sqlite3' 'no SQLite in a service process'
forbid stats  '(nlohmann|simdjson|sqlite3|CLI/)' 'no JSON, SQL or command line in stats'
forbid assign '(nlohmann|simdjson|sqlite3|CLI/)' 'no JSON, SQL or command line in assign'
forbid engine/analyse '(sqlite3|CLI/|simdjson)' 'third-party headers stay at the edge'
forbid engine 'CLI/' 'the command line is in apps'
for folder in stats assign engine/definition engine/aggregate engine/analyse engine/scorecard reports apps; do
  forbid "$folder" 'curl/' 'HTTP to ClickHouse is spoken in engine/record/clickhouse'
done
for folder in engine/analyse reports; do
  forbid "$folder" 'engine/record/clickhouse' 'what follows aggregation knows no engine'
done
for folder in stats assign engine reports apps tests bench examples; do
  forbid "$folder" '\.\./' 'includes are written from the top of the tree'
done
exit $status
