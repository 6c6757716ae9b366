# stimme: everything a developer or an operator of the demo types.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
STAMPS := build/stamps
APT := baresip-core build-essential chromium clang cmake dbconfig-sqlite3 espeak-ng ffmpeg fonts-dejavu-core glewlwyd janus kamailio \
       kamailio-extra-modules kamailio-tls-modules kamailio-websocket-modules libclang-dev libopus-dev linphone-cli \
       libpangoft2-1.0-0 libspandsp-dev libsrtp2-dev openssl pkg-config postgresql python3-dev python3-venv \
       rtpengine-daemon sip-tester sipvicious sox sqlite3 strace tshark
ENGINE := target/release/stimme-media
RUST_SOURCES := $(shell find crates -name '*.rs' -o -name '*.toml' 2>/dev/null) $(wildcard Cargo.toml Cargo.lock)
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null)
WORKERS ?= 2
TELEPHONES ?= 3
# Cargo shares its work out by itself.
CARGO := env -u MAKEFLAGS cargo

.PHONY: help setup packages venv native engine web prompts run test lint typecheck rust-check web-check unit integration features interop browser bench fuzz nightly lock clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# Downloads, the single thread of one build and the many of another take turns: what does not need each other is made at once.
setup: packages ## install and build everything that is missing or has changed
	@$(MAKE) --no-print-directory --jobs=3 venv native engine web prompts

packages: $(STAMPS)/packages
venv: $(STAMPS)/venv
native: $(STAMPS)/native
engine: $(ENGINE)
web: web/dist/index.html
prompts: $(STAMPS)/prompts

$(STAMPS)/packages: scripts/setup-apt.sh Makefile
	@mkdir -p $(@D)
	@sh scripts/setup-apt.sh $(APT)
	@touch $@

$(STAMPS)/venv: requirements.lock pyproject.toml scripts/setup-venv.sh | $(STAMPS)/packages
	@mkdir -p $(@D)
	@sh scripts/setup-venv.sh
	@touch $@

$(STAMPS)/native: scripts/compile_sip.py scripts/native_inits.py $(wildcard src/stimme/sip/*.py) | $(STAMPS)/venv
	@echo "compiling the SIP stack"
	@$(PYTHON) scripts/compile_sip.py build/native
	@touch $@

$(ENGINE): $(RUST_SOURCES) | $(STAMPS)/packages
	@echo "building the media engine"
	@$(CARGO) build --release --locked --package stimme-media
	@touch $@

$(STAMPS)/node-modules: web/package-lock.json | $(STAMPS)/packages
	@mkdir -p $(@D)
	@echo "installing web packages"
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: $(STAMPS)/node-modules $(WEB_SOURCES)
	@echo "building the web client"
	@cd web && npm run --silent build
	@touch $@

$(STAMPS)/prompts: $(shell find src/stimme/prompts -type f -not -name '*.pyc' 2>/dev/null) | $(STAMPS)/venv
	@$(PYTHON) -m stimme.prompts.render build/prompts
	@touch $@

run: setup ## start the whole system with the demo customer and print where to click
	@bin/stimme demo --data data/demo --base-port $(or $(BASE_PORT),20000)

test: setup ## every check and test
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint typecheck rust-check web-check
	@$(MAKE) --no-print-directory --jobs=2 unit integration

lint: venv
	@echo "ruff"
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

typecheck: venv
	@echo "mypy"
	@.venv/bin/mypy

rust-check: packages
	@echo "cargo fmt, clippy, test"
	@cargo fmt --all --check
	@$(CARGO) clippy --release --locked --workspace --all-targets -- -D warnings
	@$(CARGO) test --release --locked --workspace --quiet

# The stamp spares the web checks when nothing in web/ has changed since they passed.
$(STAMPS)/web-check: web/dist/index.html
	@cd web && npm run --silent check
	@touch $@
web-check: $(STAMPS)/web-check

# On a machine that does other work: what failed is run once more, alone, and both runs are shown.
twice = $(PYTHON) -m pytest $(1) || $(PYTHON) -m pytest $(1) -n 0 --last-failed --last-failed-no-failures none

# The SIP stack is tested as source and as machine code: the one is the reference of the other. Beside the tests with
# telephones, which leave two fifths of the processors idle while they wait, these take what is left.
unit: venv native
	@nice -n 10 sh -c '$(call twice,tests/unit -n $(WORKERS) -o cache_dir=.pytest_cache/unit)'
	@STIMME_NATIVE=build/native nice -n 10 sh -c '$(call twice,tests/unit/sip -n $(WORKERS) -o cache_dir=.pytest_cache/unit)'

# Telephones mostly wait for each other, so more of these tests run at once than there are processors; browsers, which
# take longest, come first, so that none is left for the end. Those that look at the sound of single packets run after
# them, two at a time, and those that need the processors for themselves (load, kills) one by one.
integration: setup ## end-to-end tests with baresip, Kamailio, sipp and Chromium
	@$(call twice,tests/conformance -n $(WORKERS))
	@export STIMME_NATIVE=build/native; $(call twice,tests/conformance -n $(WORKERS))
	@$(call twice,tests/browser tests/integration -m "not slow and not alone" -n $(TELEPHONES))
	@$(call twice,tests/integration/media -m "not slow" -n $(WORKERS))
	@$(call twice,tests/integration --ignore=tests/integration/media -m "alone and not slow" -n 0)

features: setup ## run everything that shows a feature and write docs/features.md
	@rm -f build/features.json
	@$(PYTHON) -m pytest tests/unit/licensing tests/unit/api tests/integration tests/browser -m feature -n $(WORKERS) || true
	@$(PYTHON) -m tests.feature_results

interop: setup ## run everything that works with programs of others and write docs/interop.md
	@rm -f build/interop.json
	@$(PYTHON) -m pytest tests/conformance tests/integration tests/browser -m "interop and not slow" || true
	@$(PYTHON) -m tests.interop_results

browser: setup ## only the tests of the web client in Chromium
	@$(PYTHON) -m pytest tests/browser -m "not slow"

bench: setup ## figures against peers, written to build/bench.json (ONLY=name for one)
	@cargo build --release --locked --package stimme-media --example rtp_load --example codec_load --example webrtc_load
	@$(PYTHON) -m tests.bench $(if $(ONLY),--only $(ONLY))

fuzz: venv ## fuzz what reads bytes from the network, each target for SECONDS (600)
	@PYTHONPATH=. $(PYTHON) -m fuzz -max_total_time=$(or $(SECONDS),600)

nightly: test ## everything of test, the slow tests, and an hour of calls
	@$(PYTHON) -m pytest tests -m slow
	@$(PYTHON) -m tests.bench --only sip-memory --soak 3600

lock: ## rewrite requirements.lock from pyproject.toml
	@.venv/bin/python -m pip install --quiet uv
	@.venv/bin/uv pip compile --quiet --no-header --all-extras --generate-hashes --python-version 3.11 -o requirements.lock pyproject.toml

clean: ## remove everything that was built
	rm -rf build target web/dist web/node_modules .venv
