"""Parts of a split: rows of more than one class in each."""

from collections.abc import Mapping

import torch

from seedbed.config.schema.data import InMemoryData as Options
from seedbed.data.table import Table
from seedbed.errors import DoesNotFit

NAMES = {"train": "training", "val": "validation", "test": "test"}


def require_classes(options: Options, splits: Mapping[str, Table]) -> None:
    """Raise DoesNotFit where all rows of a part of a classification are of one class.

    A fold may validate on one class: that of a class with fewer rows than folds has to.
    """
    if options.task not in ("binary", "multiclass"):
        return
    for name, table in splits.items():
        classes = table.targets.reshape(-1)
        if len(classes) != len(table) or (name == "val" and options.folds):
            continue
        different = torch.unique(classes)
        if len(different) == 1:
            number = int(different[0]) if different[0] == different[0].round() else different[0]
            names = options.class_names
            named = isinstance(number, int) and 0 <= number < len(names)
            called = f"'{names[int(number)]}'" if named else f"{number}"
            all_rows = f"all {len(table):,} {NAMES[name]} rows are"
            if len(table) == 1:
                all_rows = f"the single {NAMES[name]} row is"
            raise DoesNotFit(f"data: {all_rows} of one class, {called}; {_advice(options, name)}")


def _advice(options: Options, name: str) -> str:
    if name == "train":
        return "two classes at least are needed to train"
    if options.split in (None, "stratified"):
        return f"a larger data.{name}_size has others, too"
    return "data.split=stratified takes rows of every class"
