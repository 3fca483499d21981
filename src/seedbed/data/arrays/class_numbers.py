"""When whole numbers are classes, and not amounts."""

# Whole numbers that are taken for classes; more of them are amounts.
MOST_NUMBERED_CLASSES = 20
FEWEST_ROWS_A_CLASS = 10
MOST_CLASSES = 1000


def are_class_numbers(least: int, most: int, different: int, rows: int) -> bool:
    """Return whether whole numbers are numbers of classes.

    They are where there are two different ones, or where they are 0..k-1 or 1..k without a gap, k
    at most 20 and with ten rows a class.

    Args:
        least, most: Smallest and largest of the numbers.
        different: How many different ones there are.
        rows: How many there are.
    """
    if different == 2:
        return True
    return (
        least in (0, 1)
        and different == most - least + 1
        and different <= MOST_NUMBERED_CLASSES
        and different * FEWEST_ROWS_A_CLASS <= rows
    )
