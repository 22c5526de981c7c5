#!/usr/bin/env bash
# UEFI firmware that can boot by HTTPS, into $NECO_CACHE/firmware. The one of Debian 12 speaks only key exchanges that no modern TLS
# library takes any more (it was built without elliptic curves); the next release's package holds data alone, and is unpacked, not installed.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SUITE=trixie
PACKAGE=ovmf
OUT=$NECO_CACHE/firmware
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

if fresh firmware "$SUITE" && [ -s "$OUT/usr/share/OVMF/OVMF_CODE_4M.fd" ]; then
  exit 0
fi

# Where this machine's apt gets Debian.
mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
  awk '!found && $1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) {found = $i; break}}
       !found && $1 == "URIs:" {found = $2} END {print found}')
[ -n "$mirror" ] || die "apt has no source of packages" "see /etc/apt/sources.list"

say "downloading firmware that boots by HTTPS"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial"
echo "deb [signed-by=$KEYRING] $mirror $SUITE main" >"$work/sources.list"
apt=(apt-get -qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$work/lists" -o APT::Sandbox::User=root)
quietly firmware.log "${apt[@]}" update
(cd "$work" && quietly firmware.log "${apt[@]}" download "$PACKAGE/$SUITE")
rm -rf "$OUT"
dpkg -x "$work"/"$PACKAGE"_*.deb "$OUT"
[ -s "$OUT/usr/share/OVMF/OVMF_CODE_4M.fd" ] || die "the package $PACKAGE of $SUITE holds no firmware"
stamp firmware "$SUITE"
