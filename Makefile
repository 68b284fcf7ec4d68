# One word for each thing that is done to this tree; make help lists them.

GO      ?= go
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  := $(shell git rev-parse --verify -q HEAD 2>/dev/null || echo unknown)
LDFLAGS := -X main.version=$(VERSION) -X main.commit=$(COMMIT)

# Tests behind these tags need more than Go: a browser, a C compiler, minutes.
TAGS := integration,e2e

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: run test check fmt build help setup gofmt vet staticcheck unit race

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

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:
	@scripts/setup.sh

gofmt:
	@files="$$(gofmt -l .)" || exit 1; \
	if [ -n "$$files" ]; then echo "gofmt: run make fmt, these files are not formatted:"; echo "$$files"; exit 1; fi

# Both with and without the tags: each set of files has to hold by itself.
vet:
	$(GO) vet ./...
	$(GO) vet -tags $(TAGS) ./...

# The tool comes from tools/go.mod, so that its dependencies are not ours; it
# still looks at the module of the directory that it runs in.
staticcheck:
	$(GO) tool -modfile=tools/go.mod staticcheck -tags $(TAGS) ./...

unit:
	$(GO) test ./...

# The race detector needs cgo, and cgo a C compiler; setup.sh has looked for it.
race:
	CGO_ENABLED=1 $(GO) test -race -timeout 15m -tags $(TAGS) ./...
