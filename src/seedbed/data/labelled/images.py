"""Images with known targets: in folders of their classes, or with a metadata.csv."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import polars as pl
import torch

from seedbed.data.images.folders.arrangement import require_images
from seedbed.data.images.folders.files import FILE_NAME, METADATA, Found, found_below, shown
from seedbed.data.images.folders.metadata import LABELS, files_of_rows
from seedbed.data.images.form import Form
from seedbed.data.images.inputs import decoded_files
from seedbed.data.images.reading import Files
from seedbed.data.labelled.rows import LabelledRows
from seedbed.data.labelled.tables import with_targets
from seedbed.data.labelled.targets import class_code, targets_of
from seedbed.data.table import Table
from seedbed.data.tables import RawTable, read_table
from seedbed.errors import ConfigError, listed, nearest
from seedbed.process.free_memory import free_memory

KEY = "input"


def labelled_images(source: str, form: Form, options: Any) -> LabelledRows:
    """Return the images of a folder with their targets, as bytes.

    Args:
        source: A folder of a folder for each class, or with a metadata.csv that names the images.
        form: Form of the images that the run was trained on.
        options: Options of the data, which know the task, its classes and the target's column.

    Raises:
        ConfigError: There are none, some are broken, or a class is none of the run's.
    """
    folder = Path(source)
    found = found_below(folder, KEY)
    require_images(folder, found, KEY)
    if METADATA in found.metadata:
        names, targets, notes = _of_metadata(folder, found, options)
    elif options.task == "regression":
        raise ConfigError(f"{KEY}={source}: no {METADATA} in it that names the targets of images")
    else:
        names, targets, notes = _of_folders(folder, found, options)
    _require_memory(source, len(names), form)
    images = decoded_files(Files(folder, names, f"{KEY}={source}"), form, names)
    table = Table(images.images, targets)
    return LabelledRows(table, (*found.notes, *notes, *images.notes))


def _require_memory(source: str, rows: int, form: Form) -> None:
    claimed, free = rows * int(np.prod(form.shape)), free_memory()
    if claimed > free:
        raise ConfigError(
            f"{KEY}={source}: its images take {claimed:,} bytes, and {free:,} bytes of memory are "
            "free; measure parts of it"
        )


def _of_folders(
    folder: Path, found: Found, options: Any
) -> tuple[list[str], torch.Tensor, Sequence[str]]:
    """Return images and the classes of the folders that they lie in."""
    names = list(options.class_names)
    # As folders can be called: a name with a slash is that of a folder in one, or has another sign.
    prefixes = {f"{name}/": code for code, name in enumerate(names)}
    prefixes |= {f"{name.replace('/', '_')}/": code for code, name in enumerate(names)}
    codes: list[int] = []
    for image in found.images:
        first = image.parts[0] if len(image.parts) > 1 else None
        starts = (code for start, code in prefixes.items() if image.name.startswith(start))
        known = next(starts, None)
        code = known if known is not None or first is None else class_code(first, names, options)
        if code is None:
            _refuse(folder, image.name, first, names)
        else:
            codes.append(code)
    return [image.name for image in found.images], torch.tensor(codes), ()


def _refuse(folder: Path, image: str, first: str | None, names: Sequence[str]) -> None:
    if first is None:
        raise ConfigError(
            f"{KEY}={folder}: {image} lies in no class folder, and there is no {METADATA}"
        )
    splits = first.lower() in ("train", "training", "val", "valid", "validation", "test")
    hint = f" {KEY}={folder}/{first} is measured by itself." if splits else nearest(first, names)
    raise ConfigError(
        f"{KEY}={folder}: {image} is of the class '{first}', which the run was not trained on."
        f"{hint} Classes: {listed(names, 12)}"
    )


def _of_metadata(
    folder: Path, found: Found, options: Any
) -> tuple[list[str], torch.Tensor, Sequence[str]]:
    """Return the images that metadata.csv names, with its targets."""
    regression = options.task == "regression"
    said = getattr(options, "target", None) or (list(options.target_names) if regression else None)
    header = read_table(folder / METADATA, columns={FILE_NAME: "id"}, key=KEY)
    targets = _target_columns(header, said)
    kinds = {FILE_NAME: "id"}
    if not regression:
        kinds |= dict.fromkeys(targets, "category")
    table = header if regression else read_table(folder / METADATA, columns=kinds, key=KEY)
    by_name = {image.name: image for image in found.images}
    table, notes = with_targets(table, targets)
    files = files_of_rows(table, PurePosixPath(), by_name)
    frame = table.frame.select(targets)
    if regression:
        values = np.array(_numbers(table, frame, targets))
    else:
        values = np.array(frame[targets[0]].cast(pl.String).to_list(), dtype=object)
    known = targets_of(values, options, f"{table.source}, column '{targets[0]}'", table.where)
    names = [file.name for file in files]
    left = [image.name for image in found.images if image.name not in set(names)]
    if left:
        notes = [*notes, f"passed over, images that no {METADATA} names: {shown(left)}"]
    return names, known, notes


def _numbers(table: RawTable, frame: pl.DataFrame, targets: Sequence[str]) -> Any:
    for name in targets:
        if not frame[name].dtype.is_numeric():
            raise ConfigError(f"{table.source}: column '{name}' holds words, not numbers")
    return frame.cast(dict.fromkeys(targets, pl.Float64)).to_numpy()


def _target_columns(table: RawTable, said: str | Sequence[str] | None) -> list[str]:
    """Return the columns of the targets: those of the run, or else as targets mostly are called."""
    others = [name for name in table.frame.columns if name != FILE_NAME]
    names = [said] if isinstance(said, str) else list(said or ())
    if len(others) == len(table.frame.columns):
        near = nearest(FILE_NAME, others)
        raise ConfigError(f"{table.source}: no column '{FILE_NAME}', which names the images.{near}")
    lacking = [name for name in names if name not in others]
    if lacking:
        near = nearest(lacking[0], others)
        raise ConfigError(
            f"{table.source}: no column '{lacking[0]}', the target, to compare with.{near} "
            f"Columns: {listed(others)}"
        )
    likely = names or [name for name in LABELS if name in others] or others
    if not likely or (not names and len(likely) > 1 and likely[0] not in LABELS):
        raise ConfigError(f"{table.source}: which column is the target? Columns: {listed(others)}")
    return names or likely[:1]
