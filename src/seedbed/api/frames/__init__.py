"""DataFrames of runs and sweeps."""
