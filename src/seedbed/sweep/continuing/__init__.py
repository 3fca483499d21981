"""A sweep that goes on with other words: which of its jobs, with which configs, from where."""
