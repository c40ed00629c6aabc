"""The windows of a stream, read: pages in order, every row accounted for, totals held against what came.

`window_reader.py` is where to begin. It knows no vendor by name and nothing of Airbyte. Below it, from the top down:
`doubts` has what is asked again, `asking` what is asked at all, `accounting` what goes out, `pages` how rows are made.
"""
