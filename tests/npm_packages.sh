# Sourced by tests that run npm packages: npm_packages HERE BUILD makes BUILD/node_modules what HERE/package-lock.json says,
# once per lockfile. Returns 1, with the reason in $missing, when there is no node, no npm or no registry.
npm_packages() {
  missing=
  command -v node >/dev/null || missing="node is not installed (apt-get install nodejs)"
  command -v npm >/dev/null || missing=${missing:-"npm is not installed (apt-get install npm)"}
  [ -z "$missing" ] || return 1
  mkdir -p "$2"
  if cmp -s "$1/package-lock.json" "$2/package-lock.json" && [ -d "$2/node_modules" ]; then return 0; fi
  cp "$1/package.json" "$1/package-lock.json" "$2/"
  (cd "$2" && npm ci --no-audit --no-fund --loglevel=error) && return 0
  rm -f "$2/package-lock.json"
  missing="npm could not fetch the packages of $1/package-lock.json"
  return 1
}
