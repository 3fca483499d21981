"""A run that is trained again from its folder, and compared with what it was."""
