.DEFAULT_GOAL := help
.PHONY: help run test quick check format lock bench chaos screenshot pictures clean

BIN := .venv/bin

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: ## Start a demonstration ladder and open its site on http://127.0.0.1:8000
	@scripts/venv run
	@exec $(BIN)/toprung demo $(ARGS)

test: ## Run every test (ARGS="-k board" for some)
	@scripts/venv dev
	@scripts/browser
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

quick: ## Run the rules and use cases on fakes, in under a minute
	@scripts/venv dev
	@HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-brief} $(BIN)/python -m pytest -n auto --dist worksteal -q -m "not database" --ignore-glob "*_seeded_bugs.py" tests/domain tests/application $(ARGS)

check: ## Check format, lint, types, import contracts, locks and house rules
	@scripts/venv dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@scripts/check-locks
	@$(BIN)/python -m pytest tests/house/test_tidy.py

format: ## Format the code and apply the linter's safe fixes
	@scripts/venv dev
	@$(BIN)/ruff check --fix-only -q .
	@$(BIN)/ruff format .

lock: ## Pin the dependencies anew (needs uv)
	@scripts/lock

bench: ## Run every benchmark and write benchmarks/results.json and RESULTS.md
	@scripts/venv dev
	@$(BIN)/python -m benchmarks $(ARGS)

chaos: ## Kill it, cut its power, fill its disk, and write chaos/results.json and RESULTS.md
	@scripts/venv dev
	@$(BIN)/python -m chaos $(ARGS)

screenshot: ## Take the README's picture from a running demonstration
	@scripts/venv dev
	@scripts/browser
	@$(BIN)/python scripts/screenshot.py

pictures: ## Render the Discord bot's messages into docs/images/discord
	@scripts/venv dev
	@scripts/browser
	@$(BIN)/python scripts/pictures.py

clean: ## Remove what was built here, the demonstration's database included
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache toprung-demo.db*
