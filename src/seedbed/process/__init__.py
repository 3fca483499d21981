"""This process: its signals, its memory, its garbage collector, its standard streams."""
