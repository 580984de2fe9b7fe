# make demo   load the demonstration corpus, answer a question, open the app
# make test   the whole suite
# make check  formatting, lint and types
# make clean  remove what the other targets made

PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/.core
DEV := $(VENV)/.dev

.PHONY: demo test check clean

demo: $(CORE)
	$(BIN)/inforce demo --port $(PORT)

test: $(DEV)
	$(BIN)/python -m pytest -n auto $(PYTEST)

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

$(CORE): pyproject.toml
	@echo "Installing InForce into $(VENV) (about a minute the first time)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(DEV): pyproject.toml
	@echo "Installing InForce and its test tools into $(VENV)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@ $(CORE)

clean:
	rm -rf $(VENV) var dist
