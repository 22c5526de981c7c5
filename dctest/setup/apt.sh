#!/usr/bin/env bash
# Installs what is missing of Debian's packages.
#   build: what compiling and linting need.   lab: what the tests and the demo run.   image: what building the image needs.
#   bench: the peers that are measured, and what loads them.
. "$(dirname "$0")/lib.sh"

build="build-essential ca-certificates clang curl git libprotobuf-dev make mold pkg-config protobuf-compiler python3-venv shellcheck"
lab="cpio cryptsetup-bin debootstrap dnsmasq-base e2fsprogs faketime ipxe iproute2 iptables jq kmod nginx-light openssh-client openssh-server openssl ovmf procps runc socat swtpm swtpm-tools
  tpm2-tools libtss2-tcti-device0 busybox-static systemd systemd-container"

image="busybox-static buildah ipxe"
bench="iproute2 kea-admin kea-dhcp4-server nftables nginx-light wrk"

case ${1:-} in
build) packages=$build ;;
lab) packages="$build $lab" ;;
image) packages=$image ;;
bench) packages="$build $bench" ;;
*) die "usage: $0 build|lab|image|bench" ;;
esac

missing=()
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
qemu=0
[ "$1" = lab ] && ! command -v qemu-system-x86_64 >/dev/null && qemu=1

if [ ${#missing[@]} -gt 0 ] || [ $qemu = 1 ]; then
  [ "$(id -u)" = 0 ] || die "packages are missing: ${missing[*]}" "run this as root, or install them"
  export DEBIAN_FRONTEND=noninteractive
  say "packages: ${missing[*]} $([ $qemu = 0 ] || echo qemu-system-x86)"
  quietly apt-update.log apt-get update
fi
if [ ${#missing[@]} -gt 0 ]; then
  quietly apt.log apt-get install -y --no-install-recommends "${missing[@]}"
fi
if [ $qemu = 1 ]; then
  # Where a newer qemu-utils is installed already, bookworm's qemu wants bookworm's qemu-utils beside it.
  apt-get install -y --no-install-recommends qemu-system-x86 >"$NECO_CACHE/log/qemu.log" 2>&1 ||
    quietly qemu.log apt-get install -y --no-install-recommends --allow-downgrades qemu-system-x86 qemu-utils/bookworm
fi
