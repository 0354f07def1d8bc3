# The commands of the workshop. `make help` lists them; each group lives in its own file under make/.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

include make/setup.mk
include make/workshop.mk
include make/sandbox.mk
include make/terraform.mk
include make/quality.mk
include make/help.mk
