"""Which jobs train together, how many at once, and whether it pays."""
