"""One run in Lightning's Trainer."""
