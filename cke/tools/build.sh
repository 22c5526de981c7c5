#!/usr/bin/env bash
# Builds the five programs of the image cke-tools, static and small, and prints the folder that holds them and nothing else.
#
#   cke/tools/build.sh            # into $CARGO_TARGET_DIR/cke-tools
#
# The image is made FROM scratch: the programs must not need a library. glibc's static variant does, where the target is the host's.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=x86_64-unknown-linux-gnu
programs=(empty-dir install-cni make_directories rivers write_files)

cd "$root"
folder=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
# The flags of .cargo/config.toml are replaced by those of the environment: they are for quick links of debug builds.
RUSTFLAGS="-C target-feature=+crt-static" \
    cargo build --quiet --profile tools --target "$target" --package cke-tools --bins >&2

out=$folder/cke-tools
mkdir -p "$out"
# Tests that start at once share one making.
exec 9>"$folder/cke-tools.lock"
flock 9
for program in "${programs[@]}"; do
    built=$folder/$target/tools/$program
    # The loader would be named in the program's headers.
    if readelf --program-headers "$built" | grep -q INTERP; then
        echo "build.sh: $program is not static" >&2
        exit 1
    fi
    cmp -s "$built" "$out/$program" || install -m 755 "$built" "$out/$program"
done
echo "$out"
