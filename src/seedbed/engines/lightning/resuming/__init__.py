"""What Lightning restores of a run that goes on, and what of it is another from then on."""
