# `make` alone says what there is.
.DEFAULT_GOAL := help
FAULT ?= errors
SEEDS ?= 2000
TARGET ?= exposition
# The tests run in nine parts: those that only compute would starve those that talk to somebody, and those with whole
# fleets of real programs would starve the rest. The situations start two dozen daemons at the same time.
COMPUTING = ^(Calculator|Calibration|ConfigurationFiles|Fuzzing|Kernel|Rules|Simulation|Statistics|Support|Telemetry|Tidy)Tests\.
ROUTERS = ^RoutersTests\.
LIVE = ^(Daemon|LiveRouter)Tests\.
# More than a hundred tests that begin at the same moment, each with services, load and a daemon, keep two cores so busy that no
# scrape is answered in time. So many cases run at once as is said after it.
FEW = SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH
DAEMONS = ^DaemonTests\.
REAL = ^LiveRouterTests\.
SITUATIONS = SituationTests
# Foundation's Process reads past the names of open files when a process has more than some 1 300 of them: the tests that
# start many programs are not in one process with those that open many connections. A program also inherits the sockets on
# which servers of tests listen, and keeps their ports: those that start etcd and Consul are not beside such servers.
CLIENTS = ^(Centres|HTTPClient|Leases|TargetSources)Tests\.
# What a user does from the first command on, on a terminal, in a browser, on each router: such tests start many programs and
# wait for each, so they come one after another.
TOURS = ^(DaemonTests\.(CommandHabits|InitPrompt|NotifyCommand|PageBrowser|SampleServer|ServerAway)|LiveRouterTests\.(DiscoveryPage|DocumentedCommand|GetStarted|InitOnRouters|OperationsPage|PlanTutorial|Readme|TestUser|Unit))Tests
RELEASES = ^LiveRouterTests\.(ReleaseRecipe|StepTable)Tests
SECONDS ?= 60
SOAK ?= 30m
# One place for release builds that share most of their modules.
RELEASE = .build-release

help:
	@echo "make demo    build, then watch a bad release being caught (FAULT=errors|latency|crash|subtle|outage|none, STORY=release)"
	@echo "make test    install what the tests need, then run all of them"
	@echo "make test-routers   one rollback on every real router, measured, as a table"
	@echo "make build   build the rollguard executable: .build/debug/rollguard"
	@echo "make lint    check the format of all Swift files and scripts, and that Package.swift declares each import"
	@echo "make bench   measure everything, beside Prometheus and vmagent; a quarter of an hour (QUICK=1: three minutes)"
	@echo "make bench-docs   write the plots and tables of docs/performance.md once more from its results.json"
	@echo "make gate    count the instructions of fixed work and compare (make gate-accept takes the new numbers)"
	@echo "make calibrate  simulate releases: false rollbacks and times to detection (some 15 CPU minutes)"
	@echo "make simulate  whole lives of the daemon in virtual time, with drawn faults (SEEDS=2000)"
	@echo "make dist    a Debian package, a tarball, debug symbols, an SBOM and checksums, in dist/"
	@echo "make test-dist  install, upgrade, remove and run what make dist made, in a root file system of its own (root)"
	@echo "make soak    the release executable for half an hour among real programs, faults and signals (SOAK=30m)"
	@echo "make fuzz    look for inputs that break a promise (TARGET=exposition|condition|configuration|admin|relabelling SECONDS=60)"

build:
	@scripts/setup.sh build
	swift build --product rollguard

demo: build
	.build/debug/rollguard demo --fault $(FAULT) $(if $(STORY),--story $(STORY))

# What is missing after that is a mistake; without this its tests would be left out.
test: export ROLLGUARD_EXPECTS_PROGRAMS = 1
test:
	@scripts/setup.sh test
	swift build --build-tests
	swift test --skip-build --disable-xctest --filter '$(COMPUTING)'
	swift test --skip-build --disable-xctest --skip '$(COMPUTING)' --skip '$(LIVE)' --skip '$(ROUTERS)' --skip '$(CLIENTS)'
	swift test --skip-build --disable-xctest --filter '$(CLIENTS)'
	swift test --skip-build --disable-xctest --filter '$(ROUTERS)'
	swift test --skip-build --disable-xctest --filter '$(SITUATIONS)'
	swift test --skip-build --disable-xctest --filter '$(RELEASES)'
	$(FEW)=10 swift test --skip-build --disable-xctest --filter '$(DAEMONS)' --skip '$(SITUATIONS)' --skip '$(TOURS)'
	$(FEW)=6 swift test --skip-build --disable-xctest --filter '$(REAL)' --skip '$(RELEASES)' --skip '$(TOURS)'
	swift test --skip-build --disable-xctest --no-parallel --filter '$(TOURS)'

test-routers:
	@scripts/setup.sh test
	swift build --build-tests
	@scripts/test-routers.sh

lint:
	swift format lint --strict --recursive Package.swift Sources Tests
	swift build --build-tests --explicit-target-dependency-import-check error
	bash -n scripts/*.sh .ci/run

simulate:
	@scripts/setup.sh build
	scripts/simulate.sh seeds $(SEEDS)

bench:
	@scripts/setup.sh bench
	swift build -c release --scratch-path .build-release --product rollguard
	swift build -c release --scratch-path .build-release --product rollguard-lab
	.build-release/release/rollguard-lab bench $(if $(QUICK),--quick)

bench-docs:
	@scripts/setup.sh build
	swift build -c release --scratch-path .build-release --product rollguard-lab
	.build-release/release/rollguard-lab bench report

dist:
	@scripts/dist/build.sh

test-dist:
	@scripts/setup.sh test-dist
	@scripts/test-dist.sh

gate:
	@scripts/setup.sh gate
	scripts/gate.sh

gate-accept:
	@scripts/setup.sh gate
	scripts/gate.sh accept

soak:
	@scripts/setup.sh soak
	swift build -c release --scratch-path $(RELEASE) --product rollguard
	.soak-venv/bin/python scripts/soak --rollguard $(RELEASE)/release/rollguard --minutes $(patsubst %m,%,$(SOAK)) \
		$(if $(SEED),--seed $(SEED))

fuzz:
	@scripts/setup.sh build
	scripts/fuzz.sh $(TARGET) $(SECONDS)

calibrate:
	@scripts/setup.sh build
	swift build -c release --scratch-path .build-release --product rollguard-lab
	.build-release/release/rollguard-lab calibrate --jobs 2

.PHONY: help build demo test test-routers lint simulate soak bench bench-docs gate gate-accept fuzz calibrate dist test-dist
