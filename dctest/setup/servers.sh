#!/usr/bin/env bash
# The servers of a Kubernetes cluster, built from their Go modules by version: about 13 minutes on two cores the first time, two from
# Go's own cache.
#
#   $NECO_CACHE/bin              kube-apiserver and its five companions, coredns
#   $NECO_CACHE/kubernetes-next  the same sources linked as the next patch version, for upgrades
#   $NECO_CACHE/cni              the CNI plugins
#
# `servers.sh conformance` builds Kubernetes' own tests instead (e2e.test), with what runs them (ginkgo) and the programs that they run in pods
# (agnhost, nnp, sample-apiserver), into $NECO_CACHE/conformance.
. "$(dirname "$0")/lib.sh"

kubernetes=1.35.4
kubernetes_next=1.35.5
coredns=1.14.2
cni=1.9.1

# Without a version in it every node says v0.0.0-master.
version_flags() {
  local package=k8s.io/component-base/version minor=${1#*.}
  echo "-X $package.gitVersion=v$1 -X $package.gitMajor=${1%%.*} -X $package.gitMinor=${minor%%.*} -X $package.gitTreeState=clean"
}

# The checksums of everything that goes in are the version.
pinned() { echo "$1 $(cat "$(dirname "$0")/servers/$2"/go.{mod,sum} | sha256sum | cut -c1-16)"; }

need_go() { . "$(dirname "$0")/go.sh"; }

build_kubernetes() { # build_kubernetes VERSION OUT PROGRAM...
  local version=$1 out=$2 packages=() program
  shift 2
  for program in "$@"; do packages+=("k8s.io/kubernetes/cmd/$program=$program"); done
  need_go
  say "Kubernetes $version"
  go_servers kubernetes "$out" "$(version_flags "$version")" "${packages[@]}"
}

if [ "${1:-}" = conformance ]; then
  pin=$(pinned $kubernetes conformance)
  if fresh conformance "$pin"; then exit 0; fi
  need_go
  say "Kubernetes' own tests $kubernetes"
  flags=$(version_flags $kubernetes)
  tests=k8s.io/kubernetes/test
  go_servers conformance "$NECO_CACHE/conformance" "$flags" github.com/onsi/ginkgo/v2/ginkgo=ginkgo \
    $tests/images/agnhost=agnhost $tests/images/nonewprivs=nnp k8s.io/sample-apiserver=sample-apiserver
  (
    cd "$NECO_CACHE/build/conformance" || exit
    GOFLAGS="-mod=readonly -buildvcs=false" quietly conformance-build.log \
      go test -c -ldflags "-s -w $flags" -o "$NECO_CACHE/conformance/e2e.test" $tests/e2e
  )
  stamp conformance "$pin"
  exit 0
fi

on_nodes=(kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet)
pin=$(pinned $kubernetes kubernetes)
if ! fresh kubernetes "$pin"; then
  build_kubernetes $kubernetes "$NECO_CACHE/bin" "${on_nodes[@]}" kubectl
  stamp kubernetes "$pin"
fi
pin=$(pinned $kubernetes_next kubernetes)
if ! fresh kubernetes-next "$pin"; then
  build_kubernetes $kubernetes_next "$NECO_CACHE/kubernetes-next" "${on_nodes[@]}"
  stamp kubernetes-next "$pin"
fi

pin=$(pinned $coredns coredns)
if ! fresh coredns "$pin"; then
  need_go
  say "CoreDNS $coredns"
  go_servers coredns "$NECO_CACHE/bin" "" github.com/coredns/coredns=coredns
  stamp coredns "$pin"
fi

pin=$(pinned $cni cni)
if ! fresh cni "$pin"; then
  need_go
  say "CNI plugins $cni"
  plugins=github.com/containernetworking/plugins/plugins
  go_servers cni "$NECO_CACHE/cni" "" $plugins/main/bridge=bridge $plugins/main/host-device=host-device \
    $plugins/main/loopback=loopback $plugins/main/ptp=ptp $plugins/ipam/host-local=host-local $plugins/meta/portmap=portmap \
    $plugins/meta/tuning=tuning
  stamp cni "$pin"
fi
