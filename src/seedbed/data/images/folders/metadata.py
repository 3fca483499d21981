"""Targets of images in a metadata.csv: a row an image, which its column file_name names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seedbed.data.images.folders.arrangement import Arranged, Labelled, require_images
from seedbed.data.images.folders.files import FILE_NAME, METADATA, Found, ImageFile, shown
from seedbed.data.tables import (
    RawTable,
    TableSchema,
    class_codes,
    infer_schema,
    read_table,
    typed_frame,
)
from seedbed.errors import ConfigError, listed, nearest

KEY = "data.folder"
# Columns that are the target where nobody names one.
LABELS = ("label", "labels", "target", "class", "category")


@dataclass(frozen=True)
class _Part:
    """A metadata.csv with the image of each of its rows."""

    table: RawTable
    files: list[ImageFile]


def of_metadata(
    folder: Path,
    found: Found,
    splits: Mapping[str, str],
    target: str | Sequence[str] | None,
    task: str | None = None,
    class_names: Sequence[str] = (),
) -> Arranged:
    """Return images with the targets that metadata.csv gives them.

    Args:
        folder: The folder of all.
        found: What lies in it.
        splits: Folder of each split; none: all images are to be split. Each holds a metadata.csv,
            unless there is one at the top, which names files in them.
        target: Column to be predicted, or several; None: `label` or the like, or the only one.
        task: Task that the target poses, where that is known.
        class_names: Classes in their order, where they are known.

    Raises:
        ConfigError: The table cannot be read, names files that are not there, or poses no task.
    """
    require_images(folder, found)
    at_top = METADATA in found.metadata
    names = {"train": METADATA} if at_top else _tables(folder, found, splits)
    kinds = {FILE_NAME: "id"}
    tables = {
        split: read_table(folder / name, columns=kinds, key=KEY) for split, name in names.items()
    }
    targets = _targets(tables["train"], target)
    for table in tables.values():
        _require_values(table, targets)
    schema = infer_schema(tables["train"], targets, kinds, needs_inputs=False)
    if task is not None and (task == "regression") != (schema.task == "regression"):
        kinds |= dict.fromkeys(targets, "number" if task == "regression" else "category")
        tables = {
            split: read_table(folder / name, columns=kinds, key=KEY)
            for split, name in names.items()
        }
        schema = infer_schema(tables["train"], targets, kinds, needs_inputs=False)
    if class_names and schema.task != "regression":
        schema = replace(schema, class_names=tuple(class_names))
    by_name = {image.name: image for image in found.images}
    files = {
        split: files_of_rows(table, PurePosixPath(names[split]).parent, by_name)
        for split, table in tables.items()
    }
    parts = {
        split: _labelled(_Part(table, files[split]), schema) for split, table in tables.items()
    }
    if at_top and splits:
        parts = _by_folder(parts["train"], splits)
    used = {image.name for part in parts.values() for image in part.files}
    left = [image.name for image in found.images if image.name not in used]
    unnamed = (f"passed over, images that no {METADATA} names: {shown(left)}",) if left else ()
    regression = schema.task == "regression"
    return Arranged(
        parts,
        str(schema.task),
        () if regression else schema.class_names,
        tuple(targets) if regression else (),
        (*found.notes, *schema.notes, *unnamed),
    )


def _tables(folder: Path, found: Found, splits: Mapping[str, str]) -> dict[str, str]:
    """Return the name of the metadata.csv of each split."""
    names = {split: f"{name}/{METADATA}" for split, name in splits.items()}
    lacking = [name for name in names.values() if name not in found.metadata]
    if lacking:
        raise ConfigError(
            f"data.folder={folder}: no {lacking[0]}, and {found.metadata[0]} is there"
        )
    return names


def _targets(table: RawTable, target: str | Sequence[str] | None) -> list[str]:
    """Return the names of the targets; raise ConfigError where columns are lacking."""
    columns = table.frame.columns
    if FILE_NAME not in columns:
        raise ConfigError(
            f"{_called(table)}: no column {FILE_NAME}, which names the images."
            f"{nearest(FILE_NAME, columns)} Columns: {listed(columns)}"
        )
    others = [name for name in columns if name != FILE_NAME]
    names = [target] if isinstance(target, str) else list(target or ())
    for name in names:
        if name not in others:
            near = nearest(name, others)
            raise ConfigError(f"data.target: no column '{name}'.{near} Columns: {listed(others)}")
    if names:
        return names
    likely = [name for name in LABELS if name in others] or others
    if not others or (len(likely) > 1 and likely[0] not in LABELS):
        raise ConfigError(
            f"{_called(table)}: which column is the target? data.target=... of {listed(others)}"
            if others
            else f"{_called(table)}: no column besides {FILE_NAME}: there is nothing to predict"
        )
    return likely[:1]


def _require_values(table: RawTable, targets: Sequence[str]) -> None:
    for name in targets:
        if name not in table.frame.columns:
            raise ConfigError(f"{_called(table)}: no column '{name}', the target")
        missing = table.frame[name].is_null().arg_true().to_list()
        if missing:
            more = f", and in {len(missing) - 1:,} more rows" if missing[1:] else ""
            raise ConfigError(
                f"{_called(table)}: {table.where(missing[0])}, column '{name}': no value{more}; "
                "leave these images out of the table"
            )


def _called(table: RawTable) -> str:
    return table.source


def files_of_rows(
    table: RawTable, where: PurePosixPath, by_name: Mapping[str, ImageFile]
) -> list[ImageFile]:
    """Return the image of each row; raise ConfigError where one is not there, or named twice."""
    files, seen = [], dict[str, int]()
    for row, given in enumerate(table.frame[FILE_NAME].to_list()):
        name = str(where / given) if given is not None else ""
        if name not in by_name:
            _refuse(table, row, given, by_name)
        if name in seen:
            raise ConfigError(
                f"{_called(table)}: {table.where(row)} names {given}, as does "
                f"{table.where(seen[name])}"
            )
        seen[name] = row
        files.append(by_name[name])
    return files


def _refuse(table: RawTable, row: int, name: Any, by_name: Mapping[str, ImageFile]) -> None:
    place = f"{_called(table)}: {table.where(row)}, column '{FILE_NAME}'"
    if name is None:
        raise ConfigError(f"{place}: no name")
    parts = PurePosixPath(name).parts
    if ".." in parts or name.startswith("/"):
        raise ConfigError(f"{place}: {name} leads out of the folder")
    path = table.path.parent / name
    why = "no image that is read" if path.exists() else "no such file"
    near = nearest(name, list(by_name)[:10_000])
    raise ConfigError(f"{place}: {name}: {why}.{near}".removesuffix("."))


def _labelled(part: _Part, schema: TableSchema) -> Labelled:
    frame = typed_frame(part.table, schema)
    values: NDArray[Any]
    if schema.task == "regression":
        values = frame.select(schema.targets).cast(pl.Float64).to_numpy()
    else:
        values = class_codes(frame[schema.targets[0]], schema, part.table)
    columns = {name: part.table.frame[name] for name in part.table.frame.columns}
    return Labelled(part.files, np.array(values), columns)


def _by_folder(all_rows: Labelled, splits: Mapping[str, str]) -> dict[str, Labelled]:
    """Return the rows of each split by the folder that they lie in."""
    of_rows = [image.parts[0] for image in all_rows.files]
    parts = {}
    for split, name in splits.items():
        rows = [row for row, first in enumerate(of_rows) if first == name]
        columns = {key: values.gather(rows) for key, values in all_rows.columns.items()}
        files = [all_rows.files[row] for row in rows]
        if rows:
            parts[split] = Labelled(files, all_rows.targets[rows], columns)
    return parts
