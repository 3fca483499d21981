"""Document of `seedbed inspect`: rows as they would be trained on."""

from typing import Annotated, Any

from seedbed.documents.document import Document, Number, Part, says


class Column(Part):
    """A column of a table."""

    name: str
    kind: Annotated[str, says("number, category, boolean, date, time, id or ignore")]
    role: Annotated[str, says("input, target, weight, split or left_out")]
    missing: Annotated[int, says("rows without a value")]
    note: str


class Inputs(Part):
    """The inputs of the network."""

    shape: list[int]
    names: list[str]
    type: Annotated[str | None, says("of a number; null: no row was looked at")]
    minimum: Annotated[Number, says("of the training rows that were looked at")]
    maximum: Number


class Numbers(Part):
    """A target over the rows of a split that were looked at."""

    mean: Number
    deviation: Annotated[Number, says("standard deviation over n")]
    minimum: Number
    maximum: Number


class Split(Part):
    """Rows of a split."""

    rows: Annotated[int | None, says("null: not known")]
    looked_at: int
    classes: Annotated[dict[str, int], says("rows by class, of a classification")]
    targets: Annotated[dict[str, Numbers], says("by name, of a regression")]


class Inspection(Document, tag="seedbed-inspection/1"):
    """Rows that train would see: `seedbed inspect --json`."""

    task: Annotated[str | None, says("null: no target was named")]
    columns: Annotated[list[Column], says("of a table")]
    inputs: Inputs | None
    classes: Annotated[list[str], says("names of the classes")]
    targets: Annotated[list[str], says("names of the targets")]
    splits: Annotated[dict[str, Split], says("train, val and test, as far as they are there")]
    notes: list[str]
    suspicious: Annotated[list[str], says("what may be wrong")]
    next: Annotated[str | None, says("the word to add, where one is missing")]


def inspection(**known: Any) -> Inspection:
    """Return an inspection of which not everything is known."""
    nothing: dict[str, Any] = {
        **dict.fromkeys(("task", "inputs", "next")),
        **{key: [] for key in ("columns", "classes", "targets", "notes", "suspicious")},
        "splits": {},
    }
    return Inspection(**{**nothing, **known})
