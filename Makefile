# Names only: what each one does is in tools/ (`make help` lists them).
export PYTHON CONNECTOR CONFIG DATABASE VENDOR ARGS

VERBS = install sync test lint fmt types unit acceptance coverage new matrix lock check simulators

.DEFAULT_GOAL = help
.PHONY: help $(VERBS)

help $(VERBS):
	@python3 -m tools $@
