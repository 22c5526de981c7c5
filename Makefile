# `make help` lists the targets. Everything that they need is installed by dctest/setup/.

SHELL := /bin/bash
NECO_CACHE ?= $(HOME)/.cache/neco
export NECO_CACHE
export PATH := $(NECO_CACHE)/bin:$(PATH)
# One target directory for all checkouts on a machine, so that a fresh clone compiles its own crates only.
CARGO_TARGET_DIR ?= $(NECO_CACHE)/target
export CARGO_TARGET_DIR

.DEFAULT_GOAL := help
.PHONY: help setup setup-build setup-lab servers images demo demo-cluster demo-down test lint bench peers conformance fuzz docs image

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup-build:
	@dctest/setup/apt.sh build
	@dctest/setup/python-tools.sh

setup-lab: setup-build
	@dctest/setup/apt.sh lab
	@dctest/setup/etcd.sh
	@dctest/setup/openbao.sh
	@dctest/setup/guest.sh
	@dctest/setup/ignition-validate.sh

servers: setup-lab ## build Kubernetes, CoreDNS and CNI plugins, and the root of nodes
	@dctest/setup/servers.sh
	@dctest/setup/node-image.sh

images: servers ## make the container images that nodes begin with
	@cargo build --quiet --package neco-lab
	@"$(CARGO_TARGET_DIR)/debug/neco-lab" images --tools "$$(cke/tools/build.sh)"

setup: setup-lab ## install what is missing: packages, cargo tools, etcd, a guest to boot

demo: setup-lab ## boot one UEFI machine from sabakan in a virtual rack, and watch it
	@cargo build --package sabakan --package sabactl --package sabakan-cryptsetup --package neco-demo
	@"$(CARGO_TARGET_DIR)/debug/neco-demo" up

demo-cluster: images ## build a Kubernetes cluster on nodes that sabakan lists, beside that machine
	@cargo build --package sabakan --package sabactl --package sabakan-cryptsetup --package cke --package ckecli --package neco-demo
	@"$(CARGO_TARGET_DIR)/debug/neco-demo" cluster

demo-down: ## take away what `make demo` left running
	@cargo run --quiet --package neco-demo -- down

test: images ## run every test
	@# --examples: with what tests depend on, so that nothing below the program is compiled twice.
	cargo build --workspace --examples --features cke/failpoints --bin cke-failpoints
	cargo nextest run --workspace --all-targets $(NEXTEST_ARGS)
	cargo test --workspace --doc

lint: setup-build ## formatting, clippy, dependencies, purity of the pure crates
	cargo xtask lint

bench: images ## print tables of figures; the original is measured where NECO_ORIGINAL_SABAKAN and NECO_ORIGINAL_CKE give its folders
	@dctest/setup/apt.sh bench
	@dctest/setup/etcd.sh
	cargo build --release --package sabakan --package neco-compare --package cke --package ckecli --package neco-cke-suite
	"$(CARGO_TARGET_DIR)/release/neco-bench" $(BENCH_ARGS)
	"$(CARGO_TARGET_DIR)/release/neco-cke-bench" $(CKE_BENCH_ARGS)
	cargo bench --package cke-plan --bench decide
	cargo bench --package cke-node --bench refresh

peers: images ## compare with the original's programs, whose folders NECO_ORIGINAL_* give
	cargo build --package sabakan --package sabactl --package neco-compare --package cke --package ckecli --package neco-cke-suite
	"$(CARGO_TARGET_DIR)/debug/neco-peers"
	"$(CARGO_TARGET_DIR)/debug/neco-cke-peers"

conformance: images ## run Kubernetes' own conformance tests on a cluster, an hour or more, and write docs/conformance.md
	@dctest/setup/servers.sh conformance
	@dctest/setup/conformance-root.sh
	cargo build --package cke --package ckecli --package neco-conformance
	"$(CARGO_TARGET_DIR)/debug/neco-conformance" $(CONFORMANCE_ARGS)

peers-suites: images ## run the original's multi-host suites with its programs and with ours: hours
	cargo build --package cke --features failpoints --bin cke-failpoints
	cargo build --package ckecli --package cke-localproxy --package neco-cke-suite
	"$(CARGO_TARGET_DIR)/debug/neco-original-suites" $(SUITES_ARGS)

fuzz: setup-build ## fuzz each parser for FUZZ_SECONDS (60)
	cargo xtask fuzz --seconds $${FUZZ_SECONDS:-60}

docs: setup-build ## build the reference of all crates
	cargo doc --workspace --no-deps

image: servers ## build the container images of sabakan, CKE and its tools as archives, from the binaries, without a network
	cargo build --release --package sabakan --package sabactl --package sabakan-cryptsetup --package cke --package ckecli --package cke-localproxy
	@dctest/setup/apt.sh image
	sabakan/container/build.sh "$(CARGO_TARGET_DIR)/release" "$(CARGO_TARGET_DIR)/image"
	cke/container/build.sh "$(CARGO_TARGET_DIR)/release" "$$(cke/tools/build.sh)" "$(CARGO_TARGET_DIR)/image"
