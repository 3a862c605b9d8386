# Sourced by scripts/demo and scripts/test: installs what is missing and chooses the number of compile jobs.
# Safe to run again; runs apt-get update at most once; never removes a package.

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
[ -t 2 ] || say() { printf '==> %s\n' "$*" >&2; }

# packages_for <use>...: the names in scripts/packages with one of these uses.
packages_for() {
  for use in "$@"; do
    sed -n "s/^$use  *//p" "$top/scripts/packages"
  done
}

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install_missing <use>...: apt-get install of what is not there yet.
install_missing() {
  command -v dpkg-query >/dev/null || die "this script sets up Debian 12; elsewhere install the packages of scripts/packages by hand"
  missing=
  for package in $(packages_for "$@"); do
    is_installed "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || { say "packages: all there"; return 0; }
  if [ "$(id -u)" = 0 ]; then as_root=; elif command -v sudo >/dev/null; then as_root=sudo; else
    die "missing packages:$missing
Installing them needs root. Run as root, or install sudo, or ask an administrator to run:
  apt-get install --no-install-recommends$missing"
  fi
  say "packages: installing$missing"
  $as_root apt-get update -qq || die "apt-get update failed; check the network and /etc/apt/sources.list"
  # --no-remove: a package in the way is a message, never a removal.
  if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --no-remove $missing >/tmp/liftmark-apt.$$ 2>&1; then
    tail -n 15 /tmp/liftmark-apt.$$ >&2
    rm -f /tmp/liftmark-apt.$$
    for old in libboost1.74-dev libboost-dev; do
      is_installed "$old" && die "$old is installed and excludes libboost1.81-dev, which Liftmark builds with.
Nothing was removed. To mend it, if nothing else of yours needs it:  ${as_root:+sudo }apt-get remove $old
Then run this script again."
    done
    die "apt-get could not install:$missing"
  fi
  rm -f /tmp/liftmark-apt.$$
}

# jobs: compile jobs that fit the processors and about 1.5 GB of memory each.
jobs() {
  cores=$(nproc 2>/dev/null || echo 1)
  available_mb=$(awk '/MemAvailable/ {print int($2 / 1024)}' /proc/meminfo 2>/dev/null || echo 2048)
  by_memory=$((available_mb / 1500))
  [ "$by_memory" -ge 1 ] || by_memory=1
  [ "$cores" -le "$by_memory" ] && echo "$cores" || echo "$by_memory"
}

# build_preset <preset> [--target "<target> ..."] [-- <cmake option>...]: configures and builds; quiet unless it fails.
build_preset() {
  preset=$1
  shift
  target=all
  if [ "${1:-}" = --target ]; then
    target=$2
    shift 2
  fi
  [ "${1:-}" = -- ] && shift
  mkdir -p "$top/build"
  say "building $preset with $(jobs) jobs (only what changed is rebuilt)"
  cmake --preset "$preset" "$@" >"$top/build/$preset.log" 2>&1 || {
    cat "$top/build/$preset.log" >&2
    die "cmake could not configure preset $preset"
  }
  cmake --build --preset "$preset" --target $target --parallel "$(jobs)" || die "the build of preset $preset failed"
}
