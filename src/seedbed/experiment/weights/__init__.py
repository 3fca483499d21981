"""Weights of another run, or of a file, that a run starts from."""
