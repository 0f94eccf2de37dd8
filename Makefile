# The front door. `make help` lists what there is.

PROFILE ?= dev
CARGO_RUN := cargo run --locked --quiet --profile $(PROFILE)
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run demo test test-real-model check fmt check-fmt clippy doc check-layers schema check-schema openapi check-openapi check-deny \
        check-scripts check-fuzz crash fuzz bench eval bench-documents examples deps clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

# --- Use ---------------------------------------------------------------------------------------

run: ## Build and start everything; prints the address (PROFILE=release for speed, ARGS=… for the binary)
	@scripts/install-deps.sh run
	cargo build --locked --profile $(PROFILE) --package millrace-server
	@$(CARGO_RUN) --package millrace-server -- serve $(ARGS)

demo: ## Upload examples/ and print every task and the mounted table (starts a server if none runs)
	@scripts/install-deps.sh run
	cargo build --locked --profile $(PROFILE) --package millrace-server
	@scripts/demo.sh "$$(scripts/binary-path.sh $(PROFILE))"

# --- Test --------------------------------------------------------------------------------------

test: ## Install what is missing, start what is needed, run every test
	@scripts/install-deps.sh test
	@scripts/test.sh $(ARGS)

test-real-model: ## Run a rule against a real, very small language model (PyPI packages, 130 MB)
	@scripts/test-real-model.sh

crash: ## kill -9 the server at random moments, 50 rounds, and count what was lost (ARGS="--rounds 100")
	@scripts/install-deps.sh run
	cargo build --locked --release --package millrace-server
	cargo run --locked --release --quiet --package millrace-testkit --bin millrace-crash -- $(ARGS)

fuzz: ## Fuzz every parser, FUZZ_SECONDS=600 each (ARGS="pdf docx" for some, "replay" for the known inputs only)
	@scripts/fuzz.sh $(ARGS)

bench: ## Measure the figures of docs/benchmarks.md on this machine
	@scripts/install-deps.sh run
	cargo build --locked --release --package millrace-server
	cargo run --locked --release --quiet --package millrace-testkit --bin millrace-bench -- $(ARGS)

# A corpus is a folder of folders of documents: pdf/, docx/, …
CORPUS ?= ../shared/corpus
OUT ?= target/eval

eval: ## Parse a corpus and write OUT/<kind>/<file>.md (CORPUS=folder OUT=folder)
	@scripts/eval.sh "$(CORPUS)" "$(OUT)" $(ARGS)

bench-documents: ## Measure parsing beside other tools, and documents through the server (CORPUS=folder)
	@scripts/bench-documents.sh "$(CORPUS)" "$(OUT)"

# --- Check -------------------------------------------------------------------------------------

check: check-fmt check-scripts check-layers check-deny clippy check-fuzz doc check-schema check-openapi ## Everything but the tests

deps: ## Install what building, checking and testing need
	scripts/install-deps.sh all

fmt: ## Format the code
	cargo fmt --all

check-fmt: ## Is the code formatted?
	cargo fmt --all --check

clippy: ## Lint; a warning is an error
	cargo clippy --locked --workspace --all-targets --all-features -- --deny warnings

check-fuzz: ## Whether the fuzzer, a workspace of its own, still compiles
	cargo check --locked --manifest-path fuzz/Cargo.toml --workspace --target-dir target

doc: ## Build the API documentation; a warning is an error
	RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --no-deps

check-layers: ## Does every crate see only what it may?
	scripts/check-layers.sh

schema: ## Print schema.rs from the migrations
	@scripts/install-deps.sh check
	scripts/print-schema.sh > target/schema.rs && mv target/schema.rs crates/repository/src/postgres/schema.rs

check-schema: ## Is schema.rs what the migrations make, and can each be undone?
	@scripts/install-deps.sh check
	scripts/check-schema.sh

openapi: ## Write openapi.yaml from the code
	$(CARGO_RUN) --package millrace-server -- openapi > target/openapi.yaml && mv target/openapi.yaml openapi.yaml

check-openapi: ## Is openapi.yaml what the code says?
	$(CARGO_RUN) --package millrace-server -- openapi > target/openapi.yaml
	@diff -u openapi.yaml target/openapi.yaml || { echo "openapi: run make openapi and commit the result" >&2; exit 1; }
	@echo "openapi: fine"

check-deny: ## Are all licences permissive and all sources crates.io?
	@scripts/install-deps.sh check
	.tools/bin/cargo-deny --locked check licenses bans sources
	.tools/bin/cargo-deny --locked --manifest-path fuzz/Cargo.toml --config deny.toml check licenses bans sources

check-scripts: ## Do the scripts parse?
	@for script in .ci/run scripts/*.sh scripts/lib/*.sh; do bash -n "$$script" || exit 1; done
	@echo "scripts: fine"

# --- Upkeep ------------------------------------------------------------------------------------

examples: ## Make the files in examples/ anew (needs network for a few Python packages)
	scripts/make-examples.sh

clean: ## Remove what was built; the data folder stays
	cargo clean
