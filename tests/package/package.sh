#!/bin/sh
# Installs into a fresh prefix, builds both embedding examples with find_package(liftmark) outside the tree, runs them.
# Usage: package.sh <source> <build> <cmake> <c compiler> <c++ compiler>
set -eu
source=$1 build=$2 cmake=$3 cc=$4 cxx=$5
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$cmake" --install "$build" --prefix "$place/prefix" >"$place/install.log" || { cat "$place/install.log"; exit 1; }
if grep -q 'LIFTMARK_\(SANITIZE\|TSAN\):BOOL=ON' "$build/CMakeCache.txt"; then
  echo "a build with sanitizers is not for embedding: installed only"
  exit 0
fi
for example in embed-c embed-cpp; do
  cp -r "$source/examples/$example" "$place/$example"
  "$cmake" -S "$place/$example" -B "$place/$example/build" -DCMAKE_PREFIX_PATH="$place/prefix" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" >"$place/log" 2>&1 &&
    "$cmake" --build "$place/$example/build" >>"$place/log" 2>&1 || { cat "$place/log"; exit 1; }
  "$place/$example/build/$example" "$source/examples/catalog.json" qa-1 user-1 user-2 user-3 user-4 user-5 >"$place/$example.out"
done
cat "$place/embed-c.out"
cmp "$place/embed-c.out" "$place/embed-cpp.out"
grep -q '^qa-1	bought together	overridden	' "$place/embed-c.out"
[ "$(wc -l <"$place/embed-c.out")" = 6 ]

library=$(find "$place/prefix" -name 'libliftmark.so')
if nm -D --defined-only "$library" | grep -v ' liftmark_\| A '; then
  echo "libliftmark.so exports more than its header"; exit 1
fi
if ldd "$library" | grep -i sqlite; then
  echo "libliftmark.so must not need SQLite"; exit 1
fi
echo '{"schema": "liftmark.catalog/1", "experiments": 1}' >"$place/broken.json"
for example in embed-c embed-cpp; do
  status=0
  "$place/$example/build/$example" "$place/broken.json" user 2>"$place/err" || status=$?
  [ $status = 3 ] && grep -q '/experiments' "$place/err"
done
