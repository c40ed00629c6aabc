"""What a user runs: make sync, and the page of calls. `python3 -m tools` has the verbs."""
