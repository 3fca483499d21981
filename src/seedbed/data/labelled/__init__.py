"""Rows with known targets that a run was not trained on, to measure it on them."""

from seedbed.data.labelled.rows import LabelledRows

__all__ = ["LabelledRows"]
