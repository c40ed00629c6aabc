"""Answers not to be taken at their word: totals that differ, answers that are cut off, filters that are ignored."""
