# `make` alone says what there is.
.DEFAULT_GOAL := help
FAULT ?= errors

help:
	@echo "make demo    build, then watch a bad release being caught (FAULT=errors|latency|crash|none)"
	@echo "make test    install what the tests need, then run all of them"
	@echo "make test-routers   one rollback on every real router, measured, as a table"
	@echo "make build   build the rollguard executable: .build/debug/rollguard"
	@echo "make lint    check the format of all Swift files and scripts"
	@echo "make bench   measure parsing, scraping and memory (a release build)"

build:
	@scripts/setup.sh build
	swift build --product rollguard

demo: build
	.build/debug/rollguard demo --fault $(FAULT)

test:
	@scripts/setup.sh test
	swift build --build-tests
	swift test --skip-build --disable-xctest

test-routers:
	@scripts/setup.sh test
	swift build --build-tests
	@scripts/test-routers.sh

lint:
	swift format lint --strict --recursive Package.swift Sources Tests
	bash -n scripts/*.sh .ci/run

bench:
	@scripts/setup.sh build
	swift build -c release --scratch-path .build-bench --product rollguard-bench
	.build-bench/release/rollguard-bench

.PHONY: help build demo test test-routers lint bench
