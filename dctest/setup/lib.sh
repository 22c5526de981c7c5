# shellcheck shell=bash
# What the setup scripts share: where things are kept, how a step speaks, how a failure says what to do.
set -euo pipefail

# Everything built or downloaded for tests lies here, outside of the tree, so that checkouts share it.
NECO_CACHE=${NECO_CACHE:-$HOME/.cache/neco}
export NECO_CACHE
mkdir -p "$NECO_CACHE/bin"

say() { printf '==> %s\n' "$*" >&2; }

# die REASON WHAT-TO-DO
die() {
  printf 'error: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '       %s\n' "$2" >&2
  exit 1
}

# quietly LOG COMMAND...: keeps the output in a file, shows its end when the command fails.
quietly() {
  local log=$NECO_CACHE/log/$1
  shift
  mkdir -p "$NECO_CACHE/log"
  if ! "$@" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    die "failed: $*" "the whole output is in $log"
  fi
}

# A stamp says which version of a thing is in the cache: fresh NAME VERSION.
fresh() { [ "$(cat "$NECO_CACHE/stamp/$1" 2>/dev/null)" = "$2" ]; }
stamp() {
  mkdir -p "$NECO_CACHE/stamp"
  printf '%s\n' "$2" >"$NECO_CACHE/stamp/$1"
}

# Where this machine's own apt gets Debian.
debian_mirror() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    awk '$1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /^http/) {print $i; exit}} $1 == "URIs:" {print $2; exit}'
}
