"""The datasets, one a module."""
