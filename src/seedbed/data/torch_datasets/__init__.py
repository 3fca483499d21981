"""Datasets of the user's that are torch Datasets: read once into memory, or row by row."""
