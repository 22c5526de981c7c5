#!/usr/bin/env bash
# Builds the images cke and cke-tools as archives that `docker load` takes: build.sh BINARIES TOOLS OUT [TAG [TOOLS-TAG]]
#   BINARIES  the folder of cke, ckecli and cke-localproxy
#   TOOLS     the folder of cke-tools' programs, which cke/tools/build.sh prints
#   OUT       cke.tar and cke-tools.tar are put there
# Without a tag cke-tools has the name that CKE looks for on nodes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 3 ] || { echo "usage: $0 BINARIES TOOLS OUT [TAG [TOOLS-TAG]]" >&2; exit 2; }
bin=$1 tools=$2 out=$3 tag=${4:-ghcr.io/cybozu-go/cke:dev}
in_use=$(grep -o 'ghcr.io/cybozu-go/cke-tools:[^"]*' "$here/../model/src/images.rs")
tools_tag=${5:-$in_use}
cni=${NECO_CACHE:-$HOME/.cache/neco}/cni
command -v buildah >/dev/null || { echo "error: buildah is missing: apt-get install buildah" >&2; exit 1; }
[ -e "$cni/bridge" ] || { echo "error: CNI plugins are missing: make servers" >&2; exit 1; }

pack() { # pack FOLDER ARCHIVE TAG
  local store=(buildah --storage-driver vfs --root "$1/storage" --runroot "$1/run")
  rm -f "$2"
  "${store[@]}" build --isolation chroot --tag "$3" --file "$1/Containerfile" "$1"
  "${store[@]}" push "$3" "docker-archive:$2:$3"
  rm -rf "$1"
  ls -l "$2"
}

mkdir -p "$out"
"$here/stage.sh" "$bin" "$out/cke"
pack "$out/cke" "$out/cke.tar" "$tag"

mkdir -p "$out/cke-tools/rootfs/cni_plugins/bin"
install -m 755 "$tools"/* "$out/cke-tools/rootfs/"
install -m 755 "$cni"/* "$out/cke-tools/rootfs/cni_plugins/bin/"
cp "$here/tools.Containerfile" "$out/cke-tools/Containerfile"
pack "$out/cke-tools" "$out/cke-tools.tar" "$tools_tag"
