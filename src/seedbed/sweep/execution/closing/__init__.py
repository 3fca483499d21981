"""End of a sweep: what is printed then, and the page."""
