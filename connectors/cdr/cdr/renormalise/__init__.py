"""Rows that were loaded by an earlier version, read anew from their `raw`, without the vendor."""
