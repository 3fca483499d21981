"""JSON read through a type: what does not fit is said in one line with its field."""

import re
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from seedbed.errors import RunFolderError
from seedbed.reading.content import MEBIBYTE, read_bytes

Read = TypeVar("Read")

# Whole numbers that a float holds exactly, from 0 on.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Text = Annotated[str, msgspec.Meta(max_length=1_000_000)]


def read_json(path: Path, kind: type[Read], most_bytes: int = 64 * MEBIBYTE) -> Read:
    """Return the content of a JSON file as a value of a type that msgspec knows.

    Fields that the type does not have are left out. Raises RunFolderError that names file and field
    where the file cannot be read, is too large, or does not fit.
    """
    return converted(path, read_plain_json(path, most_bytes), kind)


def read_plain_json(path: Path, most_bytes: int = 64 * MEBIBYTE) -> Any:
    """Return the content of a JSON file as plain values (see `read_json`)."""
    try:
        return msgspec.json.decode(read_bytes(path, most_bytes))
    except RecursionError:
        raise RunFolderError(f"{path}: nested too deeply") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise RunFolderError(f"{path}: not JSON: {error}") from None


def converted(source: object, content: Any, kind: type[Read]) -> Read:
    """Return plain values as a value of a type; raises RunFolderError that names the field."""
    try:
        return msgspec.convert(content, kind)
    except (msgspec.ValidationError, RecursionError, OverflowError) as error:
        raise RunFolderError(f"{source}: {field_problem(str(error))}") from None


def field_problem(problem: str) -> str:
    """Return a problem of msgspec's as `field: what is wrong`."""
    reason, at, place = problem.partition(" - at ")
    field = re.sub(r"^\$\.?", "", place.strip("`").removeprefix("key in `")) if at else ""
    reason = reason.replace("`", "").replace("Expected", "expected").replace("Object", "object")
    return f"{field}: {reason}" if field else reason
