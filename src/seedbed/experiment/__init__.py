"""One run: what it is made of, how it goes, what it prints."""
