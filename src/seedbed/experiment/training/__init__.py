"""What a run in Lightning is made of, and how it begins and ends."""
