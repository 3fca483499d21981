"""What a sweep leaves: its folder, its plan, its table and its ranking."""
