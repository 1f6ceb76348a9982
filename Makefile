# Every target does the set-up it needs; a second call of any of them is quick.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EXPERIMENT ?= experiments/opt_preterm_birth.toml

export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

.PHONY: demo train test quick seconds test-slow lint lock picture clean

# A signature that is there, then a real trial in which none is found.
demo: $(READY)
	$(BIN)/python -m pipelines.train experiments/simulated_signature.toml
	@echo
	$(BIN)/python -m pipelines.train experiments/opt_preterm_birth.toml
	@printf '\nTwo reports to compare:\n'
	@printf '  %s\n' 'results/simulated_signature/report.html   a signature was planted; nobody was measured' \
	  'results/opt_preterm_birth/report.html     a real trial'

train: $(READY)
	$(BIN)/python -m pipelines.train $(EXPERIMENT)

test: lint
	$(BIN)/python -m pytest -n auto --dist loadfile -rs

# While writing: what the checkers see, and the tests of those files that together took 60 seconds.
quick: lint
	$(BIN)/python -m pytest -n auto --dist loadfile -p tests.made.seconds --quick 60

# Time the tests anew for `quick`, on a machine that does nothing else.
seconds: $(READY)
	$(BIN)/python -m pytest -n auto --dist loadfile -p tests.made.seconds --keep-seconds

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The picture in the README; needs chromium, and a demo that has run.
picture: $(READY)
	chromium --headless --no-sandbox --disable-gpu --window-size=1000,860 \
	  --screenshot=docs/report.png file://$(CURDIR)/results/opt_preterm_birth/report.html

# Resolve the lock again; it names versions and hashes, never an index.
lock: $(READY)
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet \
	  --output-file requirements.lock

$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "Python 3.11 is needed; say make PYTHON=/path/to/python3.11")'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
