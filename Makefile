# `make` lists the targets. What they need is built from pinned modules into bin/ when it is first needed:
# hack/controlplane for the control plane and kubectl, hack/tools/<tool> for each tool.

BIN := $(CURDIR)/bin
MODULES := . $(patsubst %/go.mod,%,$(wildcard hack/*/go.mod hack/tools/*/go.mod))

# Look at a link's own time too: bin/kubectl may link to a program that is older than what it depends on.
MAKEFLAGS += --check-symlink-times
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Run

.PHONY: run
run: build ## Run Seatkeeper on this machine, with the quick start; Ctrl-C stops it and keeps its state in .run
	@exec bin/dev

.PHONY: run-clean
run-clean: ## Remove the state of `make run`, unless it is up
	@go run ./hack/dev -clean

.PHONY: build
build: bin/controlplane bin/kubectl ## Build the operator, the kubectl plugin and what `make run` runs the operator with into bin/
	@hack/build.sh . bin/ "the operator, the kubectl plugin, the mailbox, the directory and dev" \
		./cmd/seatkeeper ./cmd/kubectl-seatkeeper ./hack/mailbox/cmd/mailbox ./hack/directory ./hack/dev
	@ln -sf kubectl-seatkeeper bin/kubectl_complete-seatkeeper

##@ Test

# One line a package and what fails in full. Tests against an API server wait for it as much as they work, so more of them run at
# once than there are processors; and memory is cheaper than to collect garbage as often as Go does by itself (GOGC, which the
# control planes of the tests go by too).
PROCESSORS = $(shell getconf _NPROCESSORS_ONLN)
GOTESTSUM = GOGC=200 bin/gotestsum --format pkgname-and-test-fails -- -shuffle=on -timeout 40m -parallel $$((2 * $(PROCESSORS)))
# The race detector needs a C compiler: a recipe that uses this begins with WITH_CC.
GOTEST = $(GOTESTSUM) -race
WITH_CC = CC=$$(hack/cc.sh) && export CC

.PHONY: test
test: test-unit test-e2e ## Run all tests; what they need is built or installed first

# They take longest, and start first: whatever else there is runs beside them.
SLOW = ./test/passes ./test/stories ./internal/admission
# One goroutine tries thousands of schedules there: the race detector would take minutes, and has nothing to find.
PURE = ./internal/seats ./internal/membership
# Those of test-e2e.
REAL = ./test/e2e/... ./test/pages/... ./test/realmail/... ./test/realscim/...

.PHONY: test-unit
test-unit: bin/gotestsum bin/controlplane bin/kubectl bin/stripe-mock ## Run the tests that need no running system: pure ones, and those against the API server
	@$(WITH_CC) && $(GOTEST) -p $$(($(PROCESSORS) + 1)) $(SLOW) $$(go list ./... | grep -vxF "$$(go list $(SLOW) $(PURE) $(REAL))")
	@$(GOTESTSUM) $(PURE)
	@# In full size, which the race detector has them leave out (env.Size). Many wait for one another's writes most of the time.
	@$(GOTESTSUM) -parallel $$((4 * $(PROCESSORS))) -run '^Test(Ten)?Thousand|Crash' ./test/passes ./test/stories
	@go -C hack/plots test ./...

# Postfix drops root's rights itself, and so has to have them.
AS_ROOT = $(shell [ "$$(id -u)" = 0 ] || echo '-exec "sudo -nE"')

# The tests in test/e2e, or some of them by flags, with their results for verify-rules: kept under the tree that they are of, if
# nobody has edited it meanwhile. They look for no data races: what they test are other processes.
define E2E
rm -rf bin/rules && mkdir -p bin/rules && tree=$$($(SNAPSHOT)) && \
	CHROMIUM=$$(hack/chromium.sh) && REALOIDC=$$(hack/realoidc.sh) && export CHROMIUM REALOIDC && export GOTESTSUM_JSONFILE=$(BIN)/rules/results && \
	failed=0 && { $(GOTESTSUM) -count=1 $(1) ./test/e2e/... || failed=$$?; } && \
	{ [ "$$tree" != "$$($(SNAPSHOT))" ] || mv bin/rules/results "bin/rules/$$tree.json"; } && exit $$failed
endef

.PHONY: test-e2e
test-e2e: bin/gotestsum build ## Tell stories through kubectl, mail and a browser: against what `make run` runs, a real mail server, a real SCIM server and a real OpenID provider
	@$(WITH_CC) && CHROMIUM=$$(hack/chromium.sh) && AXE=$$(hack/axe.sh) && REALSCIM=$$(hack/realscim.sh) && export CHROMIUM AXE REALSCIM && \
	$(GOTEST) -count=1 ./test/realscim/... ./test/pages/...
	@$(call E2E,)
	@$(WITH_CC) && POSTFIX=$$(hack/postfix.sh) && export POSTFIX && $(GOTEST) -count=1 $(AS_ROOT) ./test/realmail/...

.PHONY: screenshots
screenshots: ## Take pictures of every invitation page and mail, to look at, into coverage/screenshots
	@CHROMIUM=$$(hack/chromium.sh) && export CHROMIUM && go run ./test/pages/screenshots -out coverage/screenshots

.PHONY: bench
bench: build ## Measure how fast people get seats, invitations and answers; BENCH="-scenarios grant -runs 1" gives it flags
	@go test -run '^$$' -bench '^BenchmarkPlan$$' -benchmem -count 3 ./internal/seats > bin/plan.txt || { cat bin/plan.txt; exit 1; }
	@mkdir -p coverage
	@go run ./test/bench -plan bin/plan.txt $(BENCH)

# What `make bench BENCH="-json $(RUN)"` wrote; several files are taken for one run, in which what a later one measured replaces what was before.
RUN ?= coverage/bench.json
# The figures behind docs/performance.md.
PUBLISHED = docs/performance.json

.PHONY: bench-docs
bench-docs: ## Put the figures of a run into docs/performance.md and keep them beside it: make bench-docs RUN="docs/performance.json coverage/bench.json"
	@go run ./test/bench report -json "$$(echo $(RUN) | tr " " ,)" -markdown docs/performance.md -save $(PUBLISHED)

# A module of its own, which keeps what draws out of the operator's.
.PHONY: bench-plots
bench-plots: ## Draw the figures of a run into coverage/plots: make bench-plots RUN=coverage/bench.json
	@go run ./test/bench report -json "$$(echo $(RUN) | tr " " ,)" -save bin/bench.json
	@go -C hack/plots run . -json $(CURDIR)/bin/bench.json -out $(CURDIR)/coverage/plots

.PHONY: bench-compare
bench-compare: OLD ?= $(PUBLISHED)
bench-compare: bin/benchstat ## Compare a run with the published one, or another: make bench-compare OLD=before.json RUN=coverage/bench.json
	@for f in $(OLD); do test -f $$f || { echo "There is no run in $$f to compare with: make bench-docs keeps one in $(PUBLISHED), and OLD=before.json names another"; exit 1; }; done
	@go run ./test/bench report -json "$$(echo $(OLD) | tr " " ,)" -benchfmt bin/bench-old.txt
	@go run ./test/bench report -json "$$(echo $(RUN) | tr " " ,)" -benchfmt bin/bench-new.txt
	@bin/benchstat old=bin/bench-old.txt new=bin/bench-new.txt

##@ Generate

.PHONY: generate
generate: bin/controller-gen ## Regenerate everything that is made from markers and commands: deep copies, the manifests, the reference
	bin/controller-gen object:headerFile=hack/boilerplate.go.txt paths=./api/...
	@$(MAKE) --no-print-directory manifests reference rules

# The CRDs are removed first, so that a kind that is gone leaves nothing behind.
.PHONY: manifests
manifests: bin/controller-gen ## Regenerate the CRDs, the role and the webhook configurations in config/
	rm -f config/crd/bases/*.yaml
	bin/controller-gen crd paths=./api/... output:crd:dir=config/crd/bases
	bin/controller-gen rbac:roleName=seatkeeper paths=./controllers/... paths=./internal/... paths=./cmd/... output:rbac:dir=config/rbac
	bin/controller-gen webhook paths=./internal/admission/... output:webhook:dir=config/webhook

.PHONY: reference
reference: ## Regenerate the reference and the man pages of the kubectl plugin in docs/
	go run ./hack/reference

.PHONY: rules
rules: ## Regenerate docs/rules.md, which says of each rule of five products how it is said and tested
	go run ./hack/rules

.PHONY: fmt
fmt: bin/golangci-lint ## Format the code
	bin/golangci-lint fmt

##@ Check

.PHONY: lint
lint: bin/golangci-lint bin/kube-api-linter ## Lint the code, and the API types by the Kubernetes conventions
	go vet ./...
	bin/golangci-lint run --allow-parallel-runners
	for module in controlplane plots; do (cd hack/$$module && go vet ./... && $(BIN)/golangci-lint run --allow-parallel-runners) || exit 1; done
	bin/kube-api-linter run --allow-parallel-runners --config .golangci-kube-api.yml ./api/...

.PHONY: verify
verify: verify-generated verify-tidy verify-format verify-rules ## Fail when something generated, a go.mod or the format is not up to date, or a rule of docs/rules.md does not hold

# The tree as it is, untracked files and all; the scratch index leaves the real one alone.
SNAPSHOT = scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && export GIT_INDEX_FILE=$$scratch/index && git add --all && git write-tree

.PHONY: verify-generated
verify-generated:
	@before=$$($(SNAPSHOT)) && $(MAKE) --no-print-directory generate && after=$$($(SNAPSHOT)) && \
	if [ "$$before" != "$$after" ]; then \
		git --no-pager diff "$$before" "$$after"; \
		echo "These files were not up to date, and are now: run 'make generate' and commit them."; \
		git --no-pager diff --name-status "$$before" "$$after"; \
		exit 1; \
	fi

.PHONY: verify-tidy
verify-tidy:
	@for module in $(MODULES); do \
		go -C "$$module" mod tidy -diff || { echo "Not tidy, run: go -C $$module mod tidy"; exit 1; }; \
	done

.PHONY: verify-format
verify-format:
	@files=$$(gofmt -l .) && if [ -n "$$files" ]; then \
		echo "Not formatted, run 'make fmt':"; echo "$$files"; exit 1; \
	fi

# `make test` has made the results, if the tree is still the same; if it has not, or not good ones, only the tests of rules are run.
.PHONY: verify-rules
verify-rules: bin/gotestsum build
	@if ! go run ./hack/rules -tree "$$($(SNAPSHOT))" 2>/dev/null; then $(call E2E,-run '^Test(AX|EZ|IN|AC|CO)[0-9]+_'); fi
	@go run ./hack/rules -tree "$$($(SNAPSHOT))"

# A failure to reach the database is no finding, and the only way to tell is govulncheck's message.
.PHONY: vuln
vuln: bin/govulncheck ## Look for known vulnerabilities, where their database can be reached
	@if ! report=$$(bin/govulncheck ./... 2>&1); then \
		echo "$$report"; \
		case $$report in \
		*"fetching vulnerabilities"*) echo "NOT CHECKED: the vulnerability database cannot be reached from here.";; \
		*) exit 1;; \
		esac; \
	else echo "$$report"; fi

##@ Release

# Below RELEASES, each release has its archives in a directory called as the version.
RELEASES ?= https://seatkeeper.dev/releases

.PHONY: krew
krew: ## Build the kubectl plugin for every platform and its manifest for Krew into dist/: make krew VERSION=v0.1.0 RELEASES=https://...
	@go run ./hack/krew -version "$(VERSION)" -releases "$(RELEASES)"

##@ Clean up

.PHONY: clean
clean: run-clean ## Remove what was built and the state of `make run`
	rm -rf bin dist .run coverage

# ---- Programs in bin/ -------------------------------------------------------------------------------------------
# Each depends on its sources and its go.mod alone, so that a second call has nothing to do.

# The version that is compiled in, as go.mod pins it.
KUBERNETES_VERSION = $(shell awk '$$1 == "k8s.io/kubernetes" { print $$2 }' hack/controlplane/go.mod)
KUBERNETES_MINOR = $(word 2,$(subst ., ,$(KUBERNETES_VERSION)))
STAMP = k8s.io/component-base/version
# Without the stamp, clients fail to read the server's version.
KUBERNETES_LDFLAGS = -s -w -X $(STAMP).gitVersion=$(KUBERNETES_VERSION) -X $(STAMP).gitMajor=1 -X $(STAMP).gitMinor=$(KUBERNETES_MINOR)

bin/controlplane: hack/controlplane/go.mod hack/controlplane/main.go $(wildcard hack/controlplane/internal/*/*.go)
	@hack/build.sh hack/controlplane $@ \
		"the embedded control plane (etcd + kube-apiserver), about 6 minutes the first time" -ldflags "$(KUBERNETES_LDFLAGS)" .

# A kubectl one minor version older than the server is supported by it; the machine's will do from there on.
bin/kubectl: hack/controlplane/go.mod $(wildcard hack/controlplane/cmd/kubectl/*.go)
	@mkdir -p bin && rm -f $@; \
	minor=$$(kubectl version --client 2>/dev/null | sed -n 's/^Client Version: v1\.\([0-9]*\).*/\1/p'); \
	if [ "$${minor:-0}" -ge $$(($(KUBERNETES_MINOR) - 1)) ]; then \
		ln -s "$$(command -v kubectl)" $@; \
	else \
		hack/build.sh hack/controlplane $@ "kubectl, about a minute the first time" -ldflags "$(KUBERNETES_LDFLAGS)" ./cmd/kubectl; \
	fi

# hack/tools/<tool>/go.mod pins one tool, with the dependencies that its authors chose.
bin/golangci-lint bin/kube-api-linter: duration = 2 minutes
bin/%: duration = half a minute
bin/%: hack/tools/%/go.mod
	@hack/build.sh hack/tools/$* $@ "$*, about $(duration) the first time" tool
