#!/bin/bash
# Makes the guest of virtual machines: a kernel and a small initrd, into ${NECO_CACHE:-~/.cache/neco}/guest/.
#
#   kernel   Debian's cloud kernel, taken from its package without installing it
#   initrd   busybox, kmod, cryptsetup, the tools for TPM 2.0, jq, a few modules, and guest/init
#
# It is idempotent: a stamp holds the hash of everything that goes in, and nothing is made while it fits. The kernel's package is
# downloaded once and kept; `guest.sh --refresh` asks for a newer one.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${NECO_CACHE:-$HOME/.cache/neco}
out=$cache/guest

die() { echo "guest.sh: $*" >&2; exit 1; }
say() { echo "guest: $*"; }

programs=(/usr/sbin/cryptsetup /usr/bin/jq /usr/bin/kmod /usr/bin/tpm2)
plugins=(/usr/lib/x86_64-linux-gnu/libtss2-tcti-device.so.0 /lib/x86_64-linux-gnu/libnss_files.so.2)
modules=(virtio_pci virtio_net virtio_blk virtio_rng dm_mod dm_crypt xts aesni_intel overlay squashfs loop)

for program in busybox cpio depmod modprobe ldd "${programs[@]}"; do
    command -v "$program" >/dev/null || die "$program is missing: run $here/apt.sh lab"
done

# The lock lets tests that start at once share one making.
mkdir -p "$out"
exec 9>"$out/.lock"
flock 9

kernel_package() {
    local package
    package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends: linux-image/ {print $2; exit}')
    [ -n "$package" ] || die "apt knows no linux-image-cloud-amd64: run apt-get update"
    echo "$package"
}

download_kernel() {
    local package
    package=$(kernel_package)
    say "downloading $package"
    rm -rf "$out/download" && mkdir "$out/download"
    (cd "$out/download" && apt-get -qq -o APT::Sandbox::User=root download "$package") || die "cannot download $package"
    mv "$out"/download/*.deb "$out/kernel.deb"
    rmdir "$out/download"
}

if [ "${1:-}" = --refresh ] || [ ! -s "$out/kernel.deb" ]; then
    download_kernel
fi

inputs() {
    cat "$here/guest.sh" "$here"/guest/*
    stat -c '%n %s %Y' "$out/kernel.deb" "$(command -v busybox)" "${programs[@]}" "${plugins[@]}"
}
stamp=$(inputs | sha256sum | cut -d' ' -f1)
if [ "$(cat "$out/stamp" 2>/dev/null || true)" = "$stamp" ] && [ -s "$out/kernel" ] && [ -s "$out/initrd" ]; then
    say "$out is up to date"
    exit 0
fi

work=$(mktemp -d "$out/make.XXXXXX")
trap 'rm -rf "$work"' EXIT
package=$work/package
root=$work/root

say "unpacking the kernel"
dpkg -x "$out/kernel.deb" "$package"
release=$(ls "$package/lib/modules")
depmod -b "$package" "$release"

mkdir -p "$root"/{bin,sbin,dev,proc,sys,run,tmp,etc,root,var,opt,mnt,lib,lib64,usr/bin,usr/sbin,usr/share/udhcpc}

copy() { # copy FILE [TARGET]: follows links, so that the initrd needs none
    install -D -m "$(stat -Lc %a "$1")" "$1" "$root${2:-$1}"
}

say "collecting programs"
copy "$(command -v busybox)" /bin/busybox
for program in "${programs[@]}"; do copy "$program" "/sbin/$(basename "$program")"; done
for tool in tpm2_nvread tpm2_nvdefine tpm2_nvwrite tpm2_nvundefine tpm2_nvreadpublic; do ln -s tpm2 "$root/sbin/$tool"; done
for plugin in "${plugins[@]}"; do copy "$plugin"; done
# libgcc_s is what Rust's programs want besides libc.
ldd "${programs[@]}" "${plugins[@]}" | awk '$2 == "=>" && $3 ~ /^\// {print $3} $1 ~ /^\/lib.*ld-linux/ {print $1}' | sort -u >"$work/libraries"
ldconfig -p | awk '/libgcc_s.so.1 .*x86-64/ {print $NF; exit}' >>"$work/libraries"
while read -r library; do copy "$library"; done <"$work/libraries"
echo /lib/x86_64-linux-gnu >"$root/etc/ld.so.conf"
ldconfig -r "$root"

say "collecting modules"
mkdir -p "$root/lib/modules/$release"
for module in "${modules[@]}"; do
    modprobe -d "$package" -S "$release" --show-depends "$module" 2>/dev/null || die "the kernel has no module $module"
done | awk '$1 == "insmod" {print $2}' | sort -u | while read -r file; do
    install -D -m 644 "$file" "$root/${file#"$package"/}"
done
cp "$package/lib/modules/$release"/modules.{order,builtin,builtin.modinfo} "$root/lib/modules/$release/"
depmod -b "$root" "$release"

install -m 755 "$here/guest/init" "$root/init"
install -m 755 "$here/guest/udhcpc" "$root/usr/share/udhcpc/default.script"
install -d "$root/usr/lib/neco" && install -m 644 "$here/guest/ignition.sh" "$root/usr/lib/neco/ignition.sh"
echo "root:x:0:0:root:/root:/bin/sh" >"$root/etc/passwd"
echo "root:x:0:" >"$root/etc/group"
echo "root:*:20000:0:99999:7:::" >"$root/etc/shadow" && chmod 600 "$root/etc/shadow"

say "packing the initrd"
(cd "$root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 | gzip -6) >"$work/initrd"
cp "$package/boot/vmlinuz-$release" "$work/kernel"
# The stamp goes last: a making that was cut off is made again.
rm -f "$out/stamp"
mv "$work/kernel" "$out/kernel"
mv "$work/initrd" "$out/initrd"
echo "$release" >"$out/release"
echo "$stamp" >"$out/stamp"
say "made $out: kernel $release $(stat -c %s "$out/kernel") bytes, initrd $(stat -c %s "$out/initrd") bytes"
