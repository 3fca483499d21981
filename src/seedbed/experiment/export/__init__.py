"""Export of a run's network, with its preparation, to files that others can use without Seedbed."""
