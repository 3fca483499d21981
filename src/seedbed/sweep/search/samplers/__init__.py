"""Samplers of a search, a file each; each imports Optuna, which a grid does not wait for."""
