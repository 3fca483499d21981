"""A run: its objects, its training and its summary."""
