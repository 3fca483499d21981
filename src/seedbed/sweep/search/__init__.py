"""Where the jobs of a sweep come from: a grid, paired axes, a table, repeats."""
