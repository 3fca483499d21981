"""Catalogue of runs and sweeps: what lies in a folder of outputs, and what became of it."""
