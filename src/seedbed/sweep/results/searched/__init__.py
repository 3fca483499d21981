"""What is seen of a search: lines below its table, and figures."""
