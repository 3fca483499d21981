"""Samplers of a search."""
