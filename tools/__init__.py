"""What stands behind the names in the Makefile: `python3 -m tools VERB`."""
