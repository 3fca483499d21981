"""What notebooks show of runs and sweeps."""
