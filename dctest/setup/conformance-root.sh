#!/usr/bin/env bash
# What the images of Kubernetes' own tests are made of beside the programs that `servers.sh conformance` builds: about a minute, once.
#
#   $NECO_CACHE/conformance/debian   a root with the programs that tests run in pods: curl, dig, nc, nginx, ...
#   $NECO_CACHE/conformance/busybox  busybox alone
#   $NECO_CACHE/conformance/files    what the tests' own sources put into images
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/go.sh"
out=$NECO_CACHE/conformance
kubernetes=$(cd "$NECO_CACHE/build/conformance" && GOFLAGS=-mod=readonly go list -m -f '{{.Dir}}' k8s.io/kubernetes)

in_debian="bash curl netcat-openbsd bind9-dnsutils iproute2 iputils-ping procps nginx-light busybox"
version="$in_debian $kubernetes $(sha256sum <"$0")"
if fresh conformance-root "$version" && [ -d "$out/debian" ]; then exit 0; fi

say "the roots of the tests' images"
rm -rf "$out"/{debian,busybox,files}.new
debian=$out/debian.new
# shellcheck disable=SC2086
quietly conformance-debootstrap.log debootstrap --variant=minbase --include="$(echo $in_debian | tr ' ' ,)" bookworm "$debian" "$(debian_mirror)"
# The images bring `tmp` with its permissions.
rm -rf "${debian:?}"/{var/cache/apt/*,var/lib/apt/lists/*,usr/share/doc,usr/share/man,usr/share/locale,usr/share/i18n,dev,proc,sys,tmp}
mkdir -p "$debian"/{dev,proc,sys,uploads}
# The names that the tests look for are those of Alpine's users.
chroot "$debian" groupadd --gid 50000 group-defined-in-image
chroot "$debian" useradd --uid 1000 --create-home --groups group-defined-in-image user-defined-in-image
for name in wget netstat nslookup vi; do
  [ -e "$debian/usr/bin/$name" ] || ln -s busybox "$debian/usr/bin/$name"
done
rm -rf "$debian"/etc/nginx/{modules,sites}-enabled
printf '%s\n' 'daemon off;' 'user nobody nogroup;' 'events {}' \
  'http { server { listen 80; root /usr/share/nginx/html; } }' >"$debian/etc/nginx/nginx.conf"

# Debian's busybox is linked to the C library, which looks names up; the static one dies of that. Its shell drops variables whose names are not
# a shell's: bash passes them on, as the shell of the tests' own image does.
busybox=$out/busybox.new
mkdir -p "$busybox"/{bin,dev,etc,lib64,proc,sys,root,usr,var/www}
chroot "$debian" ldd /bin/busybox /bin/bash | awk '$2 == "=>" {print $3} $1 ~ /^\/.*[^:]$/ {print $1}' | sort -u | while read -r library; do
  install -D -m 755 "$debian/$library" "$busybox/$library"
done
install -m 755 "$debian"/bin/{busybox,bash} "$busybox/bin/"
ln -s bash "$busybox/bin/sh"
"$busybox/bin/busybox" --list | while read -r name; do [ -e "$busybox/bin/$name" ] || ln -s busybox "$busybox/bin/$name"; done
ln -s ../bin "$busybox/usr/bin"
ln -s bin "$busybox/sbin"
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n' >"$busybox/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$busybox/etc/group"

files=$out/files.new
mkdir -p "$files/agnhost"
cp "$kubernetes"/test/images/agnhost/porter/localhost.{crt,key} "$files/agnhost/"
ln -s agnhost "$files/agnhost/agnhost-2"
for picture in nautilus kitten; do
  mkdir "$files/$picture"
  cp "$kubernetes/test/images/$picture/html"/* "$files/$picture/"
done
chmod -R u+w "$files"

for name in debian busybox files; do
  rm -rf "${out:?}/$name"
  mv "$out/$name.new" "$out/$name"
done
stamp conformance-root "$version"
