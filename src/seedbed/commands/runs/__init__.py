"""Verbs over many runs: which there are, and one beside the other."""
