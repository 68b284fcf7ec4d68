# One word for each thing that is done to this tree; make help lists them.

GO      ?= go
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  := $(shell git rev-parse --verify -q HEAD 2>/dev/null || echo unknown)
LDFLAGS := -X main.version=$(VERSION) -X main.commit=$(COMMIT)

# Tests behind these tags need more than Go: a browser, a C compiler, minutes.
TAGS := integration,e2e

# make soak takes too long for every day, but its code is held to the same.
SOAK := $(TAGS),soak

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: run test check fmt build bench bench-queue bench-purge soak help setup gofmt vet staticcheck unit race

run: build ## build and start a server to try, with its data in ./avow-data
	./bin/avow dev

test: setup check race ## everything: check, then all tests with the race detector
	@echo "test: all passed"

check: gofmt vet staticcheck unit ## format, vet, staticcheck and unit tests; under 2 minutes, no services
	@echo "check: all passed"

fmt: ## format all Go files
	gofmt -l -w .

# The version is handed in, so the build does not ask git a second time: asking
# fails where the tree belongs to another user, as in many containers.
build: ## build bin/avow
	$(GO) build -buildvcs=false -trimpath -ldflags '$(LDFLAGS)' -o bin/avow ./cmd/avow

# bench/ is a module of its own: what we are compared with is no dependency of ours.
bench: build ## measure against limits, a peer and the targets; 10 minutes, BENCH=-quick for one
	$(GO) build -C bench -buildvcs=false -o ../bin/bench/ ./...
	./bin/bench/run $(BENCH)

bench-queue: build ## claims where few and where many deliveries are due, on each engine; BENCH="-rows 100000" for less
	$(GO) build -C bench -buildvcs=false -o ../bin/bench/ ./...
	./bin/bench/run -part queue $(BENCH)

bench-purge: build ## the API's latency while ten million deliveries are purged, and without; BENCH="-rows 100000" for less
	$(GO) build -C bench -buildvcs=false -o ../bin/bench/ ./...
	./bin/bench/run -part purge -rows 10000000 -for 10s -rounds 10 $(BENCH)

# Two halves: random histories against models on each engine, then the built program: its Redis in trouble under a steady load, which is timed and wants the machine for
# itself, and the program with all that it depends on, killed at random. A failure names its seed.
SOAK_HISTORIES ?= 1000
SOAK_ROUNDS ?= 100
SOAK_TROUBLES ?= 3
SOAK_RELAY_MINUTES ?= 10
SOAK_SEED ?= 0
soak: ## histories, a mail bomb and kills at random on each engine; half an hour on two cores, SOAK_ROUNDS, SOAK_TROUBLES, SOAK_RELAY_MINUTES, SOAK_HISTORIES and SOAK_SEED
	$(GO) test -count=1 -v -timeout 4h -tags integration,soak -run '^(TestHistories|TestMailBombing)$$' ./internal/app -seed $(SOAK_SEED) -histories $(SOAK_HISTORIES)
	$(GO) test -count=1 -v -timeout 4h -tags soak ./soak -seed $(SOAK_SEED) -rounds $(SOAK_ROUNDS) -troubles $(SOAK_TROUBLES) -relay-minutes $(SOAK_RELAY_MINUTES)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:
	@scripts/setup.sh

gofmt:
	@files="$$(gofmt -l .)" || exit 1; \
	if [ -n "$$files" ]; then echo "gofmt: run make fmt, these files are not formatted:"; echo "$$files"; exit 1; fi

# Both with and without the tags: each set of files has to hold by itself.
vet:
	$(GO) vet ./...
	$(GO) vet -tags $(TAGS) ./...
	$(GO) vet -tags $(SOAK) ./...

# The tool comes from tools/go.mod, so that its dependencies are not ours; it
# still looks at the module of the directory that it runs in.
staticcheck:
	$(GO) tool -modfile=tools/go.mod staticcheck -tags $(SOAK) ./...

unit:
	$(GO) test ./...

# The race detector needs cgo, and cgo a C compiler; setup.sh has looked for it.
race:
	CGO_ENABLED=1 $(GO) test -race -timeout 20m -tags $(TAGS) ./...
	$(GO) test -timeout 15m -tags $(TAGS) -run '^TestContract$$' ./internal/app
	$(GO) test -count=1 -timeout 10m -tags soak -run '^TestRelays$$' ./soak -relay-minutes 0.33
