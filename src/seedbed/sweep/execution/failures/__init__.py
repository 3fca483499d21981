"""Trials of a search that fail, or whose process dies, and how often each is run again."""
