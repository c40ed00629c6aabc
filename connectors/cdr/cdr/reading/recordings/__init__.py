"""`recording_files`: the links of another stream, and the files behind them."""
