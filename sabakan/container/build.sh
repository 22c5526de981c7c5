#!/usr/bin/env bash
# Builds the image as an archive that `docker load` takes: build.sh BINARIES OUT [TAG]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { echo "usage: $0 BINARIES OUT [TAG]" >&2; exit 2; }
bin=$1 out=$2 tag=${3:-ghcr.io/cybozu-go/sabakan:dev}
command -v buildah >/dev/null || { echo "error: buildah is missing: apt-get install buildah" >&2; exit 1; }

"$here/stage.sh" "$bin" "$out"
rm -f "$out/sabakan.tar"
buildah --storage-driver vfs --root "$out/storage" --runroot "$out/run" \
  build --isolation chroot --tag "$tag" --file "$out/Containerfile" "$out"
buildah --storage-driver vfs --root "$out/storage" --runroot "$out/run" push "$tag" "docker-archive:$out/sabakan.tar:$tag"
rm -rf "$out/storage" "$out/run"
ls -l "$out/sabakan.tar"
