# `make demo` and `make test` need Python 3.11 or newer, make and git; everything else goes into .venv.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11 python,\
  $(shell $(name) -c 'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))
BIN := .venv/bin
INSTALLED := .venv/installed
DEMO := runs/demo-$(shell date +%Y%m%d-%H%M%S)

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench

help:  ## List what there is to make.
	@grep -E '^[a-z]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

demo: $(INSTALLED)  ## Train on generated pictures, then score and predict: a first look, in a few minutes.
	$(BIN)/pixelwise shapes $(DEMO)/data
	$(BIN)/pixelwise train $(DEMO)/data --out $(DEMO)/run --model fcn4s_vgg11_bn --weights none \
	  --epochs 4 --repeats 1 --batch-size 8 --lr 1e-3
	$(BIN)/pixelwise predict $(DEMO)/run $(DEMO)/data/test/images --out $(DEMO)/masks --overlay
	$(BIN)/pixelwise evaluate $(DEMO)/run $(DEMO)/data --split test
	@echo
	@echo "look at  $(DEMO)/masks/overlays           predictions for pictures that the network never saw"
	@echo "         $(DEMO)/run/examples             picture, truth, prediction and error, side by side"
	@echo "         $(DEMO)/run/curves.png           how the training went"
	@echo "next     $(BIN)/pixelwise train YOUR_DATA --out runs/first"

test: $(INSTALLED)  ## Run all tests but those that need a GPU.
	$(BIN)/python -m pytest -m "not gpu"

bench: $(INSTALLED)  ## Measure speed and memory, and write docs/performance.md; ARGS="--quick" for a first look.
	$(BIN)/python -m benchmarks $(ARGS)

lint: $(INSTALLED)  ## Check style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name one with  make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "installing into .venv; this is done once, and takes some minutes"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --build-constraint constraints.txt \
	  --editable ".[train,formats,tiff,onnx,quantize]" --group dev
	@touch $@
