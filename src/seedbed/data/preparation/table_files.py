"""Files of a table's data option: their tables, in the types of one schema."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seedbed.config.schema.data.table import TableFile as Options
from seedbed.config.schema.data.table import target_names
from seedbed.data.preparation.kept import Kept
from seedbed.data.preparation.loading import LoadedTable, loaded
from seedbed.data.tables import RawTable, ReadOptions, TableSchema, infer_schema, read_table
from seedbed.errors import ConfigError, OtherData

# Keys that the tables follow from, and among them those of files.
READ = (
    *("file", "val_file", "test_file", "target", "columns", "missing", "weight", "split_by"),
    *("separator", "decimal", "encoding", "quote", "null_values"),
)
FILES = ("file", "val_file", "test_file")
# One for the files of a run; a sweep may cross two.
_kept: "Kept[TableFiles]" = Kept(2)


@dataclass(frozen=True)
class TableFiles:
    """Tables of the files of one data option.

    Attributes:
        schema: what their columns are.
        tables: the tables by key: `file`, and `val_file` and `test_file` where there are any.
        fingerprint: hash of the bytes of the files.
    """

    schema: TableSchema
    tables: Mapping[str, LoadedTable]
    fingerprint: str

    def of_split(self, split: str) -> LoadedTable:
        """Return the table that the rows of a split are in."""
        return self.tables.get(f"{split}_file", self.tables["file"])


def paths_of(options: Options) -> list[Path]:
    """Return the files of a data option, that of the table first."""
    return [Path(name) for key in FILES if (name := getattr(options, key)) is not None]


def read_options(options: Options) -> ReadOptions:
    """Return how text files are read."""
    said = None if options.null_values is None else tuple(options.null_values)
    return ReadOptions(options.separator, options.decimal, options.encoding, options.quote, said)


def table_files(options: Options, known_by: object, stored: TableSchema | None) -> TableFiles:
    """Return the tables of a data option; what was read last is kept.

    Args:
        options: The data option; a task in it goes before the inferred one.
        known_by: What the keys in READ, and the files as they are now, are known by.
        stored: Schema of a run; None infers one.

    Raises:
        ConfigError: A file, or a key, is wrong.
    """
    files = _kept.get((known_by, stored, None), lambda: _read(options, stored))
    task = options.task
    if task in ("???", files.schema.task):
        return files
    return _kept.get((known_by, stored, task), lambda: _read(options, stored, task))


def _read(options: Options, stored: TableSchema | None, task: str | None = None) -> TableFiles:
    read, said = read_options(options), {str(k): v for k, v in (options.columns or {}).items()}
    if stored is None:
        raw = read_table(options.file, read, said, "data.file")
        schema = _inferred(raw, options, said, task)
    else:
        schema = stored
        raw = read_table(options.file, read, schema.kinds, "data.file")
    tables = {"file": loaded(raw, schema, options.missing)}
    for name in FILES[1:]:
        if (path := getattr(options, name)) is not None:
            other = read_table(path, read, schema.kinds, f"data.{name}")
            tables[name] = loaded(other, schema, options.missing)
    return TableFiles(schema, tables, hash_of(paths_of(options)))


def _inferred(
    raw: RawTable, options: Options, said: Mapping[str, str], task: str | None
) -> TableSchema:
    """Return the schema of a table, whose targets pose the task where one is said."""
    targets = target_names(options.target)
    if task is not None:
        said = {**dict.fromkeys(targets, "number" if task == "regression" else "category"), **said}
    schema = infer_schema(
        raw,
        targets,
        said,
        {"weight": options.weight, "split": options.split_by},
        drop_missing=options.missing == "drop",
    )
    if task not in (None, schema.task):
        raise ConfigError(f"data.task={task}: the target poses {schema.task}")
    return schema


def require_same(options: Options, fingerprint: str | None) -> None:
    """Raise ConfigError where the files are not, byte for byte, those of a run.

    Nothing of their content is told.
    """
    for key in FILES:
        path = getattr(options, key)
        if path is not None and not Path(path).is_file():
            hint = "; file=PATH says where it is now" if key == "file" else ""
            raise ConfigError(f"data.{key}={path}: no such file{hint}")
    paths = paths_of(options)
    if hash_of(paths) != fingerprint:
        which = "is not the file" if len(paths) == 1 else "are not the files"
        named = ", ".join(map(str, paths))
        raise OtherData(f"data.file: {named} {which} that the run was trained on")


def hash_of(paths: Sequence[Path]) -> str:
    """Return the SHA-256 over the bytes of files; of several over the hashes of each."""
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    [first, *others] = digests
    return hashlib.sha256(" ".join(digests).encode()).hexdigest() if others else first
