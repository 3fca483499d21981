"""Splits of rows into training, validation and test rows, and folds of a cross-validation."""

from seedbed.data.splits.rule import Split, SplitRule, split_rows

__all__ = ["Split", "SplitRule", "split_rows"]
