"""Names of the columns of a table in text, for completion; none where it cannot be read."""

import csv
import gzip
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from seedbed.config.project import key_of, value_of

# Keys whose values are columns, and the key of their file.
COLUMN_KEYS = ("data.target", "data.split_by", "data.weight")
_FILE = "data.file"
_LONGEST_LINE = 1 << 20
_PACKED = b"\x1f\x8b"


def column_names(words: Sequence[str]) -> list[str]:
    """Return the names in the first line of the file that the words of a command name."""
    files = [value_of(word).strip("'\"") for word in words if key_of(word) == _FILE]
    if not files or not Path(files[-1]).is_file():
        return []
    try:
        line = _first_line(Path(files[-1])).decode("utf-8-sig")
        if "\0" in line:
            return []
        separator = max(",;\t|", key=line.count)
        return [name.strip() for name in next(csv.reader([line], delimiter=separator), [])]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error):
        return []


def _first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        packed = file.read(2) == _PACKED
        file.seek(0)
        if not packed:
            return file.readline(_LONGEST_LINE)
        with closing(gzip.GzipFile(fileobj=file)) as unpacked:
            return unpacked.readline(_LONGEST_LINE)
