"""Seedbed from Python: the verbs of the command line as functions, runs and sweeps as objects."""
