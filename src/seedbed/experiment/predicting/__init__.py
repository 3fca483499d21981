"""Prediction and evaluation by finished runs: their weights, the rows, and what is told."""
