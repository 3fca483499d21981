"""Going on with a run: which one, whether it can, and what may be another than before."""
