"""The windows of a stream, read: pages in order, every row accounted for, totals held against what came.

`window_reader.py` is where to begin. It builds its plan from the values of `cdr.vendor`, and knows no vendor by name
and nothing of Airbyte.
"""
