"""What starts workers of a sweep, and what a worker does: it claims units and runs them."""
