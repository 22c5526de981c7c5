#!/usr/bin/env bash
# etcd, etcdctl and etcdutl, built from their Go modules by version (about a minute, once).
. "$(dirname "$0")/lib.sh"

version=v3.6.16
if fresh etcd $version && [ -x "$NECO_CACHE/bin/etcd" ] && [ -x "$NECO_CACHE/bin/etcdutl" ]; then exit 0; fi
. "$(dirname "$0")/go.sh"
say "etcd $version"
go_build etcd "go.etcd.io/etcd/server/v3@$version" "go.etcd.io/etcd/etcdctl/v3@$version" \
  "go.etcd.io/etcd/etcdutl/v3@$version" -- go.etcd.io/etcd/server/v3=etcd go.etcd.io/etcd/etcdctl/v3=etcdctl \
  go.etcd.io/etcd/etcdutl/v3=etcdutl
stamp etcd $version
