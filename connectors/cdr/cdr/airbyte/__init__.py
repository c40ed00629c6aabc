"""The side of Airbyte's CDK: spec, source, cursor and state, the sync on the concurrent core, and the command line.

`source.py` is where to begin.
"""
