"""Task that follows from the data."""

from seedbed.training.tasks.task import Task


class Auto(Task):
    """Task that the data pose, as a config names it; a spec has the task itself in its place."""
