# Names only: what each one does is in tools/ (`make help` lists them).
export PYTHON CONNECTOR CONFIG DATABASE MODELS VENDOR BASE_IMAGE ARGS

VERBS = install doctor sync test lint imports fmt types unit acceptance soak coverage new dbt dbt-docs matrix lock check simulators bench hourly packages image release test-images test-spark

.DEFAULT_GOAL = help
.PHONY: help $(VERBS)

help $(VERBS):
	@python3 -m tools $@
