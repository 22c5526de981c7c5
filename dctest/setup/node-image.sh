#!/usr/bin/env bash
# The root of every node of a fleet, into $NECO_CACHE/nodes/base (a minute and a half, once), and the small root that container images
# with Debian's programs start from, into $NECO_CACHE/nodes/tools.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
nodes=$NECO_CACHE/nodes

# The lock lets tests that start at once share one making.
mkdir -p "$nodes"
exec 9>"$nodes/.lock"
flock 9

packages="systemd systemd-sysv dbus libpam-systemd openssh-server sudo docker.io containerd runc iproute2 iptables nftables conntrack ebtables
  ipset ethtool socat kmod mount util-linux procps iputils-ping ca-certificates curl jq busybox-static unbound dns-root-data"
services="unbound apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap fstrim.timer
  systemd-networkd-wait-online systemd-resolved systemd-timesyncd getty.target console-getty"

mirror() { # where this machine's own apt gets Debian
  cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    awk '$1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /^http/) {print $i; exit}} $1 == "URIs:" {print $2; exit}'
}

version=$({ cat "$here/node-image.sh"; cd "$here" && find node images -type f -exec sha256sum {} + | sort; } | sha256sum | cut -d' ' -f1)
if fresh node-image "$version" && [ -d "$nodes/base" ] && [ -d "$nodes/tools" ]; then exit 0; fi
root=base-${version:0:12}

# Packages change seldom, our own files often: they have a stamp each.
if ! fresh node-packages "$packages" || [ ! -d "$nodes/packages" ]; then
  say "a Debian root for nodes"
  rm -rf "$nodes/packages" "$nodes/packages.new"
  # shellcheck disable=SC2086
  quietly debootstrap.log debootstrap --variant=minbase --include="$(echo $packages | tr ' ' ,)" bookworm "$nodes/packages.new" "$(mirror)"
  rm -rf "$nodes"/packages.new/{var/cache/apt/*,var/lib/apt/lists/*,usr/share/doc,usr/share/man,usr/share/locale,usr/share/i18n}
  mv "$nodes/packages.new" "$nodes/packages"
  stamp node-packages "$packages"
fi

say "the root of nodes"
rm -rf "$nodes/base.new" "$nodes/tools.new"
cp -al "$nodes/packages" "$nodes/base.new"
base=$nodes/base.new
# Hard links: what is changed here is removed first, so that the packages' own file stays as it was.
(cd "$here/node" && find . -type f) | while read -r file; do
  rm -f "$base/$file"
  install -D -m "$(stat -c %a "$here/node/$file")" "$here/node/$file" "$base/$file"
done
chmod 440 "$base/etc/sudoers.d/node"
rm -f "$base"/etc/ssh/ssh_host_* "$base"/etc/machine-id "$base"/var/lib/dbus/machine-id
mkdir -p "$base"/opt/cni/bin "$base"/etc/cni/net.d "$base"/var/lib/{docker,containerd,k8s-containerd,kubelet,cni}
for account in passwd group shadow gshadow subuid subgid; do
  if [ -e "$base/etc/$account" ]; then cp "$base/etc/$account" "$base/etc/$account.own" && mv "$base/etc/$account.own" "$base/etc/$account"; fi
done
# The second user of a fleet: not root, but allowed to use docker, and sudo.
chroot "$base" useradd --create-home --shell /bin/bash --groups docker,sudo cke
for unit in k8s-containerd.service:multi-user like-a-machine.service:sysinit; do
  mkdir -p "$base/etc/systemd/system/${unit#*:}.target.wants"
  ln -sf "../${unit%:*}" "$base/etc/systemd/system/${unit#*:}.target.wants/${unit%:*}"
done
for unit in $services; do
  case $unit in *.*) ;; *) unit=$unit.service ;; esac
  ln -sf /dev/null "$base/etc/systemd/system/$unit"
done

say "the root of container images"
tools=$nodes/tools.new
programs="bash mount umount findmnt nsenter blkid lsblk kmod ip tc ss ethtool socat conntrack ipset nft ebtables getent unbound unbound-checkconf
  unbound-control xtables-nft-multi xtables-legacy-multi curl"
libraries=$(mktemp)
trap 'rm -f "$libraries"' EXIT
in_base() { chroot "$base" /bin/bash -c "$1"; }
in_base "for p in ${programs//$'\n'/ }; do command -v \$p || { echo missing: \$p >&2; exit 1; }; done" >"$libraries.programs"
in_base "ls /usr/lib/x86_64-linux-gnu/xtables/*.so /lib/x86_64-linux-gnu/libnss_*.so.2" >"$libraries.plugins"
in_base "ldd $(tr '\n' ' ' <"$libraries.programs") $(tr '\n' ' ' <"$libraries.plugins")" |
  awk '$2 == "=>" && $3 ~ /^\// {print $3} $1 ~ /^\/lib.*ld-linux/ {print $1}' | sort -u >"$libraries"
copy() { install -D -m "$(stat -Lc %a "$base/$1")" "$base/$1" "$tools/${2:-$1}"; }
mkdir -p "$tools"/{usr/bin,usr/sbin,usr/lib,usr/lib64,usr/local/bin,etc,proc,sys,dev,run,tmp,var/lib,root}
for folder in bin sbin lib lib64; do ln -s usr/$folder "$tools/$folder"; done
chmod 1777 "$tools/tmp"
sort -u "$libraries" "$libraries.plugins" "$libraries.programs" | while read -r file; do copy "$file"; done
rm -f "$libraries.programs" "$libraries.plugins"
for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
  ln -s xtables-nft-multi "$tools/usr/sbin/$name"
done
for name in lsmod modprobe insmod; do ln -s ../bin/kmod "$tools/usr/sbin/$name"; done
copy bin/busybox bin/busybox
"$tools/bin/busybox" --list | while read -r name; do
  [ -e "$tools/usr/bin/$name" ] || [ -e "$tools/usr/sbin/$name" ] || ln -s busybox "$tools/usr/bin/$name"
done
for file in etc/protocols etc/services etc/nsswitch.conf etc/ssl/certs/ca-certificates.crt usr/share/dns/root.hints usr/share/dns/root.key; do
  [ ! -e "$base/$file" ] || copy "$file"
done
mkdir -p "$tools/usr/local/unbound/etc/unbound"
cp "$base"/usr/share/dns/root.{hints,key} "$tools/usr/local/unbound/etc/unbound/"
printf 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\nunbound:x:101:101::/:/bin/false\n' >"$tools/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\nunbound:x:101:\n' >"$tools/etc/group"
echo /lib/x86_64-linux-gnu >"$tools/etc/ld.so.conf"
ldconfig -r "$tools"

# The programs of images that are nobody else's.
rm -rf "$nodes/programs"
mkdir -p "$nodes/programs"
quietly pause.log gcc -static -Os -s -w -o "$nodes/programs/pause" "$here/images/pause.c"
install -m 755 "$here/images/reload-unbound" "$here/images/workload" /bin/busybox "$nodes/programs/"

# A fleet that runs has its base mounted: that one stays, under its own name, until the next making.
for old in "$nodes"/base-*; do
  grep -q "$old" /proc/mounts || rm -rf "$old"
done
rm -rf "${nodes:?}/$root" "$nodes/tools"
mv "$base" "$nodes/$root"
mv "$tools" "$nodes/tools"
ln -sfn "$root" "$nodes/base"
stamp node-image "$version"
