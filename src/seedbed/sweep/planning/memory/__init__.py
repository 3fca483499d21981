"""Memory that jobs side by side take, and how many of them it is enough for."""
