"""Our connectors beside their peers, measured in one interleaved run: see README.md."""
