"""How far a sweep is and who works on it, told by the files of its folder alone."""
