"""Every row accounted for: given out once, or known from the last sync; and counted against what the vendor states."""
