"""Packs of runs: many runs of a sweep in a few files, each read as if it were a folder."""
