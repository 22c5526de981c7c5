#!/usr/bin/env bash
# Lays out the image's root file system: stage.sh BINARIES OUT
#   BINARIES  the folder of sabakan, sabactl and sabakan-cryptsetup
#   OUT       made anew; rootfs/ and Containerfile are put there
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# = 2 ] || { echo "usage: $0 BINARIES OUT" >&2; exit 2; }
bin=$1 out=$2 root=$2/rootfs

rm -rf "$root"
mkdir -p "$root"/{bin,etc,tmp,var/lib/sabakan,usr/lib/ipxe,usr/local/sabakan/bin,etc/ssl/certs,etc/sabakan,etc/neco,host}
for program in sabakan sabactl sabakan-cryptsetup; do
  install -m 755 "$bin/$program" "$root/usr/local/sabakan/bin/$program"
  strip --strip-debug "$root/usr/local/sabakan/bin/$program"
done
install -m 755 "$here/install-tools" "$root/usr/local/sabakan/install-tools"
install -m 644 "$here/../../LICENSE" "$root/usr/local/sabakan/LICENSE"
install -m 644 "$(realpath /usr/lib/ipxe/ipxe.efi)" "$root/usr/lib/ipxe/ipxe.efi"

# The shared libraries that the programs name, at the paths that the loader looks at.
ldd "$root"/usr/local/sabakan/bin/* | grep -o '/[^ ]*\.so[^ ]*' | sort -u | while read -r library; do
  install -D -m 755 "$(realpath "$library")" "$root$library"
done

# install-tools wants a shell with cp and mv.
install -m 755 "$(command -v busybox)" "$root/bin/busybox"
for applet in sh cp mv; do ln -s busybox "$root/bin/$applet"; done
printf 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >"$root/etc/passwd"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
cp "$here/Containerfile" "$out/Containerfile"
