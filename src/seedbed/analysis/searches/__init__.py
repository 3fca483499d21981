"""What the trials of a search say, once they have ended."""
