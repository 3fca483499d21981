"""What is printed: tables, paths, and who listens to progress."""
