"""Schema of a table: what each column is, what it is for, and the task that its targets pose."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from seedbed.data.tables.dates import known_formats
from seedbed.errors import RunFolderError
from seedbed.reading.json_files import converted

# Those of columns that the model sees, and all.
INPUT_KINDS = ("number", "category", "boolean", "date", "time")
KINDS = (*INPUT_KINDS, "id", "ignore")

Kind = Literal["number", "category", "boolean", "date", "time", "id", "ignore"]
Role = Literal["input", "target", "weight", "split", "left_out"]
Values = Literal["text", "integer", "float", "boolean", "date", "datetime", "time"]
Task = Literal["regression", "binary", "multiclass"]


@dataclass(frozen=True)
class Column:
    """Column of a table.

    Attributes:
        name: its name in the header.
        kind: what its values are.
        role: what it is used for; `left_out`: for nothing.
        values: how its values are stored in the file.
        format: of dates and times in text, as strptime has it.
        words: of booleans in text, that for false and that for true.
        missing: rows without a value.
        note: what people should know of it, why it is left out for one.
        said: whether the user said its kind.
    """

    name: str
    kind: Kind
    role: Role = "input"
    values: Values = "text"
    format: str | None = None
    words: tuple[str, ...] = ()
    missing: int = 0
    note: str = ""
    said: bool = False


@dataclass(frozen=True)
class TableSchema:
    """Schema of a table.

    Attributes:
        columns: in the order of the file.
        rows: number of rows that it was inferred from.
        targets: names of the targets, in the order that the user gave.
        task: the task that they pose; None where there are none.
        class_names: words of the target of a classification, in the order of their numbers.
        notes: what people should know of the table as a whole.
    """

    columns: tuple[Column, ...]
    rows: int
    targets: tuple[str, ...] = ()
    task: Task | None = None
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def kinds(self) -> dict[str, str]:
        """Kinds of the columns by name, those that are left out included."""
        return {column.name: column.kind for column in self.columns}

    @property
    def inputs(self) -> tuple[Column, ...]:
        """Columns that the model sees, in the order of the file."""
        return self.of_role("input")

    def of_role(self, *roles: Role) -> tuple[Column, ...]:
        """Return the columns that are used so, in the order of the file."""
        return tuple(column for column in self.columns if column.role in roles)

    def column(self, name: str) -> Column:
        """Return the column of a name; raises KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def extra(self, names: Iterable[str]) -> list[str]:
        """Return those of the names that are no columns of this schema."""
        known = {column.name for column in self.columns}
        return [name for name in names if name not in known]


def to_plain(schema: TableSchema) -> dict[str, Any]:
    """Return a schema as values that JSON has."""
    plain: dict[str, Any] = _lists(asdict(schema))
    return plain


def _lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _lists(part) for key, part in value.items()}
    return [_lists(part) for part in value] if isinstance(value, tuple | list) else value


def from_plain(plain: Any, source: object = "schema") -> TableSchema:
    """Return the schema of plain values, as `to_plain` makes them.

    Raises RunFolderError that names `source` and the field where they are something else.
    """
    schema = converted(source, plain, TableSchema)
    known = known_formats()  # Others may be what polars cannot bear.
    for place, column in enumerate(schema.columns):
        if column.format is not None and column.format not in known:
            raise RunFolderError(f"{source}: columns[{place}].format: no format of dates")
    return schema
