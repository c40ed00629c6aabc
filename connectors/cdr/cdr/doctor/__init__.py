"""`python main.py doctor`: what a real account really does, held against what its vendor's documents say.

`examination.py` is where to begin.
"""
