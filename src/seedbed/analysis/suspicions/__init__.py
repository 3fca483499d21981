"""Suspicious things in the rows of a run, said in a line each before anything trains on them."""
