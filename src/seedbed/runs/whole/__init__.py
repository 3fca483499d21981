"""Runs that are known as a whole: what they hold, and the files that it becomes."""
