#!/usr/bin/env bash
# ignition-validate, Ignition's own check of a configuration, built from its Go module (seconds, once).
. "$(dirname "$0")/lib.sh"

version=v2.26.0
if fresh ignition-validate $version && [ -x "$NECO_CACHE/bin/ignition-validate" ]; then exit 0; fi
. "$(dirname "$0")/go.sh"
say "ignition-validate $version"
go_build ignition-validate "github.com/coreos/ignition/v2@$version" -- \
  github.com/coreos/ignition/v2/validate=ignition-validate
stamp ignition-validate $version
