# `make test` decides whether the tree is good, at home and in continuous integration alike.
# The other targets are its steps; `make help` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# The Go that is installed is the Go that is tested: a newer one is never downloaded behind the reader's back.
export GOTOOLCHAIN ?= local

# How long each fuzz target runs.
FUZZTIME ?= 10s

# golangci-lint is built from the module in tools/, which pins it, and kept until its go.sum or the Go version changes.
LINTER := bin/golangci-lint-$(firstword $(shell go env GOVERSION))-$(shell cksum < tools/go.sum | cut -d " " -f 1)

heading = @printf '\n== %s ==\n'

.PHONY: help test deps tidy fmt vet lint unit bench bench-check fuzz fix clean

help: ## say what the targets do
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1\t\2/p' Makefile | expand -t 18

test: deps tidy fmt vet lint unit bench fuzz ## run every check below, in this order
	$(heading) "All checks passed"

deps: ## install what the tests drive besides Go, where it is missing
	$(heading) "deps: programs that the tests drive"
	@scripts/deps.sh

tidy: ## check that go.work, every go.mod and every go.sum are complete and agree
	$(heading) "tidy: go.work, go.mod, go.sum"
	@scripts/tidy.sh

fmt: $(LINTER) ## check the format of the Go files (gofumpt, goimports)
	$(heading) "fmt: gofumpt, goimports"
	@$(LINTER) fmt --diff

# `work` is Go's own pattern for the packages of every module in go.work.
vet: ## run go vet over every module
	$(heading) "vet: go vet"
	@go vet work

lint: $(LINTER) ## run golangci-lint over every module
	$(heading) "lint: golangci-lint"
	@$(LINTER) config verify
	@mapfile -t modules < <(go list -m -f '{{.Dir}}/...') && $(LINTER) run "$${modules[@]}"

unit: ## run the tests of every module under the race detector, in random order
	$(heading) "unit: go test -race -shuffle=on"
	@go test -race -shuffle=on -timeout=5m work

bench: ## run every benchmark once, and the tests that the race detector disturbs
	$(heading) "bench: every benchmark once, and what the race detector disturbs"
	@go test -run='_allocates|^TestCoalesce_again$$' -bench=. -benchtime=1x work

bench-check: ## say which benchmarks got worse by more than a tenth since the last tag or BASE=commit
	@scripts/bench-check.sh $(BASE)

fuzz: ## fuzz every target for FUZZTIME (10s)
	$(heading) "fuzz: every target for $(FUZZTIME)"
	@scripts/fuzz.sh $(FUZZTIME)

fix: $(LINTER) ## format the Go files and apply what the linters can mend by themselves
	@$(LINTER) fmt
	@mapfile -t modules < <(go list -m -f '{{.Dir}}/...') && $(LINTER) run --fix "$${modules[@]}"

clean: ## remove the built tools
	@rm -rf bin

$(LINTER):
	$(heading) "golangci-lint: build it once (some minutes)"
	@rm -f bin/golangci-lint-*
	@cd tools && GOWORK=off go build -ldflags='-s -w' -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
