"""Saved state of jobs that train side by side, from which they go on later."""
