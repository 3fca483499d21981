"""What a config that may be a stranger's is allowed to make, and what the user's trust adds."""
