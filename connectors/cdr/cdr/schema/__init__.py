"""The canonical records: their columns and JSON Schemas, once; the errors that a sync can end with, and their words.

Nothing here imports another layer.
"""
