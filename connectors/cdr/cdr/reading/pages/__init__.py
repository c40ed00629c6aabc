"""From the bytes of a page to its finished rows, here or in worker processes."""
