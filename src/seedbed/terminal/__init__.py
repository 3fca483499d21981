"""Output for people: tables, paths and counts, and listeners to the progress of a run."""
