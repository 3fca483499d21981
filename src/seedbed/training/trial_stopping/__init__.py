"""Rules that stop trials of a search, from the values of all trials at once; no torch, no files."""
