# Everything a person needs; each target makes .venv by itself, once.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench soak docs lock clean

demo: .venv/ready
	$(BIN)/edmbot demo

# Most tests wait for sockets; `.venv/bin/pytest` alone runs them one after the other.
test: check
	$(BIN)/pytest --numprocesses auto --dist worksteal

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready
	$(BIN)/python -m benchmarks.ack
	$(BIN)/python -m benchmarks.export
	$(BIN)/python -m benchmarks.events
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.deliveries

# The tests at full size, and new examples instead of the same ones: storms, kills, state machines, a million rows.
soak: .venv/ready
	$(BIN)/pytest -m "soak or hypothesis" --hypothesis-profile soak

# The pages that are made out of the code: commands, configuration, events, features.
docs: .venv/ready
	$(BIN)/python -m docs.generate

# The lock names no index and no host; the hashes say what may be installed.
.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# Needs uv on the PATH; only maintainers run it, after changing pyproject.toml.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --group dev --group build pyproject.toml -o requirements.lock

clean:
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
