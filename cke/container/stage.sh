#!/usr/bin/env bash
# Lays out the image's root file system: stage.sh BINARIES OUT
#   BINARIES  the folder of cke, ckecli and cke-localproxy
#   OUT       made anew; rootfs/ and Containerfile are put there
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# = 2 ] || { echo "usage: $0 BINARIES OUT" >&2; exit 2; }
bin=$1 out=$2 root=$2/rootfs

rm -rf "$root"
mkdir -p "$root"/{bin,sbin,etc/cke,etc/ssl/certs,host,tmp,usr/bin,usr/local/cke/bin,var/lib/cke}
for program in cke ckecli cke-localproxy; do
  strip --strip-debug -o "$root/usr/local/cke/bin/$program" "$bin/$program"
done
install -m 755 "$here/install-tools" "$root/usr/local/cke/install-tools"
install -m 644 "$here/../../LICENSE" "$root/usr/local/cke/LICENSE"

# What reboots, checks and repairs machines runs in this image: a site's own programs are mounted, and scripts find their shell and tools.
# busybox's find knows too little for them (it has no -delete), and its shell would take its own find before the one in the path: sh is bash.
install -m 755 "$(command -v bash)" "$(command -v find)" "$root/bin/"
install -m 755 "$(command -v busybox)" "$root/bin/busybox"
busybox --list | grep -vxF -e busybox -e find -e sh | while read -r applet; do ln -s busybox "$root/bin/$applet"; done
ln -s bash "$root/bin/sh"
ln -s /bin/env "$root/usr/bin/env"
# They may write here, whoever runs them.
chmod 1777 "$root/tmp"

# The shared libraries that the programs name, at the paths that the loader looks at.
ldd "$root"/usr/local/cke/bin/* "$root/bin/bash" "$root/bin/find" | grep -o '/[^ ]*\.so[^ ]*' | sort -u | while read -r library; do
  install -D -m 755 "$(realpath "$library")" "$root$library"
done

# For a Vault or an etcd whose certificate is of a public authority.
install -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
printf 'root:x:0:0:root:/:/bin/sh\ncke:x:10000:10000:cke:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\ncke:x:10000:\nnogroup:x:65534:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
cp "$here/Containerfile" "$out/Containerfile"
