"""Files that are no table, or none to learn from: each has a line that names the place."""

import gzip
import io
import os
import pickle
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from seedbed.data.tables import ReadOptions, infer_schema, read_table
from seedbed.data.tables.files import content, text
from seedbed.errors import ConfigError

ROWS = 30
GOOD = "x,y\n" + "".join(f"{row}.5,{'ab'[row % 2]}\n" for row in range(ROWS))


class Bad(NamedTuple):
    """Content of a file, what the user says of it, and a part of the message."""

    content: str | bytes
    said: str
    name: str = "bad.csv"
    target: tuple[str, ...] = ("y",)
    columns: Mapping[str, str] = {}
    options: Mapping[str, str] = {}
    roles: Mapping[str, str] = {}


def rows(*columns: Callable[[int], Any], header: str = "x,y", count: int = ROWS) -> str:
    """Return a CSV whose columns are functions of the row number."""
    lines = [",".join(str(column(row)) for column in columns) for row in range(count)]
    return "\n".join([header, *lines, ""])


def parquet(**columns: Any) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(columns, strict=False).write_parquet(file)
    return file.getvalue()


def arrow(**columns: Any) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(columns, strict=False).write_ipc(file)
    return file.getvalue()


def number(row: int) -> float:
    return row + 0.5


def word(row: int) -> str:
    return "ab"[row % 2]


SENTENCES = ["it was fine", "it was late", "it never came", "all as it should be", "so so"]
WHOLE_PARQUET = parquet(x=[1.5, 2.5, 3.5], y=["a", "b", "a"])

BAD = {
    # No table at all.
    "empty": Bad("", "the file is empty"),
    "blank lines alone": Bad("\n \n\n", "the file is empty"),
    "header alone": Bad("x,y\n", "no rows below the header"),
    "numbers without a header": Bad("1,2\n3,4\n", "the first line holds numbers (1, 2)"),
    "random bytes": Bad(bytes(range(1, 256)) * 4, "no text but binary"),
    "zero byte at the start": Bad("x,y\n1,\0a\n", "line 2 has a zero byte"),
    "zero byte later on": Bad(GOOD * 5000 + "1.5,\0\n", "line 155001 has a zero byte"),
    "pickle": Bad(pickle.dumps([1, 2]), "a pickle, which may run code and is never read"),
    "Excel workbook": Bad(b"PK\x03\x04" + bytes(60), "save the sheet as CSV", "book.xlsx"),
    "old Excel workbook": Bad(b"\xd0\xcf\x11\xe0" + bytes(60), "an old Excel workbook"),
    "NumPy array": Bad(b"\x93NUMPY\x01\x00", "data=arrays reads those"),
    "picture": Bad(b"\x89PNG\r\n\x1a\n", "data=images"),
    "SQLite": Bad(b"SQLite format 3\x00", "export the table as CSV"),
    "HDF5": Bad(b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    "JSON": Bad('[{"x": 1, "y": 2}]', "a JSON document"),
    "web page": Bad("\n<!DOCTYPE html>\n<p>Not found", "a web page"),
    "pointer of Git LFS": Bad("version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "zstd": Bad(b"\x28\xb5\x2f\xfd" + bytes(20), "packed by zstd"),
    "Feather 1": Bad(b"FEA1" + bytes(20), "Feather of version 1"),
    # Cut off or damaged.
    "gzip cut off": Bad(gzip.compress(GOOD.encode())[:-12], "cut off or damaged", "bad.csv.gz"),
    "gzip damaged": Bad(
        gzip.compress(GOOD.encode())[:20] + b"\0" * 40, "cut off or damaged", "bad.csv.gz"
    ),
    "empty gzip": Bad(gzip.compress(b""), "the file is empty", "bad.csv.gz"),
    "gzip of a gzip": Bad(gzip.compress(gzip.compress(b"x")), "no text", "bad.csv.gz"),
    "gzip of a pickle": Bad(gzip.compress(pickle.dumps([1])), "a pickle", "bad.csv.gz"),
    "parquet cut off": Bad(WHOLE_PARQUET[:-20], "not Parquet, or cut off or damaged"),
    "parquet damaged": Bad(WHOLE_PARQUET[:4] + b"\xff" * 50 + WHOLE_PARQUET[54:], "damaged"),
    "text named parquet": Bad("x,y\n1,a\n", "not Parquet, whatever its name says", "bad.parquet"),
    "arrow cut off": Bad(arrow(x=[1.5], y=["a"])[:60], "not Arrow, or cut off or damaged"),
    "text named feather": Bad("x,y\n1,a\n", "not Arrow, whatever its name says", "bad.feather"),
    "parquet of lists": Bad(parquet(x=[[1], [2]], y=["a", "b"]), "'x' (List(Int64))"),
    "parquet of structs": Bad(parquet(x=[{"a": 1}], y=["a"]), "'x' (Struct({'a': Int64}))"),
    "parquet of bytes": Bad(parquet(x=[b"1", b"2"], y=["a", "b"]), "'x' (Binary)"),
    "parquet without rows": Bad(parquet(x=[], y=[]), "there are columns, and no rows"),
    "parquet without columns": Bad(parquet(), "there are no columns"),
    "parquet with names alike": Bad(parquet(**{"x": [1], " x": [2]}), "two columns are named 'x'"),
    # Letters.
    "not UTF-8 as said": Bad(
        b"x,y\n1,a\n2,\xe9\n", "line 3 is not in UTF-8", options={"encoding": "utf-8"}
    ),
    "no such encoding": Bad(
        GOOD, "'utf-9' is no encoding", options={"encoding": "utf-9"}
    ),
    "an encoding of bytes": Bad(
        GOOD, "'base64' is no encoding", options={"encoding": "base64"}
    ),
    "UTF-16 cut off": Bad("x,y\n1,a\n".encode("utf-16")[:-1], "line 2 is not in utf-16"),
    # The header.
    "two columns of a name": Bad("x,y,x\n1,a,2\n", "'x': number 1 and number 3"),
    "of a name but for blanks": Bad('x," y ",y\n1,a,b\n', "'y': number 2 and number 3"),
    "a column without a name": Bad("x,,y\n1,2,a\n2,,b\n", "column 2 has no name in the header"),
    # Rows.
    "rows too long": Bad("x,y\n1,a\n2,b,c\n3,a\n", "header has 2 columns, line 3 has 3"),
    "rows too short": Bad("x,z,y\n1,2,a\n2,b\n3\n", "header has 3 columns, line 3 has 2, line 4"),
    "rows too short, some quoted": Bad('x,z,y\n"1,5",2,a\n2,b\n', "line 3 has 2"),
    "a decimal comma between commas": Bad("x,y\n1,5,a\n2,5,b\n", "line 2 has 3, line 3 has 3"),
    "a title above the header": Bad(
        "Sales of 2024\nx;y\n1;a\n2;b\n",
        "the header has 1 columns, line 2 has 2, line 3 has 2, line 4 has 2; the names of the",
    ),
    "a quotation without an end": Bad('x,y\n1,"a\n2,b\n3,a\n', "from line 2 on the quotes do not"),
    "letters after a quotation": Bad('x,y\n1,"a"b"\n2,"b"\n', "the quotes do not go together"),
    "wrong separator": Bad(
        GOOD, "gives the one column 'x,y'", options={"separator": ";"}
    ),
    "separator of two letters": Bad(
        GOOD, "';;' is not one letter", options={"separator": ";;"}
    ),
    "decimal of another letter": Bad(
        GOOD, "';' is neither '.' nor ','", options={"decimal": ";"}
    ),
    # Columns.
    "a word among numbers": Bad(
        rows(lambda row: "lots" if row == 6 else number(row), word),
        "column 'x': numbers but for 'lots' in line 8; if that is missing: "
        "'data.null_values=[NA, lots]'; 'data.columns={x: category}' (or ignore) says what it is",
    ),
    "words among whole numbers": Bad(
        rows(lambda row: ["?", "-"][row % 2] if row % 9 == 3 else row, word),
        "numbers but for '-', '?' in line 5, line 14, line 23",
    ),
    "thousands with separators": Bad(
        rows(lambda row: '"1,234"' if row == 6 else row * 3, word),
        "'1,234' in line 8; thousands are written without separators",
    ),
    "a number that is infinite": Bad(
        rows(lambda row: "inf" if row == 6 else number(row), word), "column 'x': infinite in line 8"
    ),
    "a number too large": Bad(
        rows(lambda row: "1e999" if row == 6 else number(row), word), "infinite in line 8"
    ),
    "a date that there is not": Bad(
        rows(lambda row: "2024-02-30" if row == 6 else f"2024-01-{row + 1:02}", word),
        "column 'x': dates but for '2024-02-30' in line 8",
    ),
    "free text": Bad(
        rows(lambda row: f"{SENTENCES[row % 5]} on day {row}", word),
        "column 'x': free text, of which no network here makes sense; 'data.columns={x: ignore}'",
    ),
    "numbers with a unit": Bad(
        rows(lambda row: f"{row % 1100} kg", word, count=2100),
        "numbers with a unit",
    ),
    "percentages": Bad(
        rows(lambda row: f"{row * 2.5}%", word), "numbers with a unit, or with other separators ('"
    ),
    "thousands with blanks": Bad(
        rows(lambda row: f"{row} {row % 900 + 100}", word), "with other separators ('"
    ),
    "money": Bad(rows(lambda row: f"${row}", word), "numbers with a unit"),
    "decimal commas among points": Bad(
        rows(number, lambda row: f'"{row},5"', word, header="z,x,y"), "with other separators"
    ),
    "a word among decimal commas": Bad(
        "x;y\n" + "".join(f"{row},25;{word(row)}\n" for row in range(30)) + "heavy;a\n",
        "column 'x': numbers but for 'heavy' in line 32",
    ),
    "a million words": Bad(
        rows(lambda row: f"w{row // 2}", word, count=4000), "2,000 different words in 4,000 rows"
    ),
    "too many codes": Bad(
        rows(lambda row: f"{row:06}", word, count=1200), "codes with zeros in front, 1,200 differ"
    ),
    "no inputs left": Bad(rows(lambda row: 1, word), "no column is left as an input: x (constant"),
    # Targets.
    "no such target": Bad(GOOD, "no column 'Y'", target=("Y",)),
    "target in quotes": Bad(
        rows(lambda row: row, word, header="x,y <ö>"),
        "Did you mean 'data.target=\"y <ö>\"'?",
        target=("y <o>",),
    ),
    "target ignored": Bad(GOOD, "left out by 'data.columns", columns={"y": "ignore"}),
    "target twice": Bad(GOOD, "'y' is named twice", target=("y", "y",)),
    "target without values": Bad(rows(number, lambda row: ""), "the target 'y' has no values"),
    "one class": Bad(rows(number, lambda row: "a"), "the target 'y' is a in every row"),
    "one class and nothing": Bad(
        rows(number, lambda row: "a" * (row % 2)), "the target 'y' is a in every row"
    ),
    "one number": Bad(rows(number, lambda row: 7), "the target 'y' is 7 in every row"),
    "target missing": Bad(
        rows(number, lambda row: "" if row in (3, 5) else word(row)),
        "2 of 30 rows have no target (y): line 5, line 7; data.missing=drop",
    ),
    "infinite target": Bad(
        rows(number, lambda row: "-inf" if row == 4 else number(row)), "'y': infinite in line 6"
    ),
    "infinite class": Bad(
        rows(number, lambda row: "inf" if row % 2 else 1), "column 'y': infinite in line 3"
    ),
    "a word in a number target": Bad(
        rows(number, lambda row: "n/k" if row == 4 else row * 1.5), "'n/k' in line 6"
    ),
    "each row a class": Bad(rows(number, lambda row: f"w{row}"), "30 different words in 30 rows"),
    "date as target": Bad(rows(number, lambda row: f"2024-01-{row + 1:02}"), "'y' is a date"),
    "a category among targets": Bad(
        rows(number, word, number, header="x,y,z"), "several targets must be", target=("z", "y",)
    ),
    # What the user says of columns.
    "no such column": Bad(GOOD, "no column 'xx'", columns={"xx": "number"}),
    "no such kind": Bad(GOOD, "Did you mean 'category'?", columns={"x": "categorical"}),
    "words as number": Bad(GOOD, "line 2, column 'y': 'a' is no number", columns={"y": "number"}),
    "words as boolean": Bad(GOOD, "boolean, but it holds a, b", columns={"y": "boolean"}),
    "words as date": Bad(GOOD, "y: date, but 'a' is none", columns={"y": "date"}),
    "no such weight": Bad(GOOD, "data.weight: no column 'w'", roles={"weight": "w"}),
    "weight is the target": Bad(GOOD, "data.weight: 'y' is the target", roles={"weight": "y"}),
    "negative weight": Bad(
        rows(number, word, lambda row: row - 1, header="x,y,w"),
        "the weights 'w' are negative in line 2",
        roles={"weight": "w"},
    ),
    "weight missing": Bad(
        rows(number, word, lambda row: "" if row == 2 else 1, header="x,y,w"),
        "the weights 'w' are missing in line 4",
        roles={"weight": "w"},
    ),
}  # fmt: skip


def infer(path: Path, bad: Bad) -> None:
    table = read_table(path, ReadOptions(**bad.options), bad.columns)
    infer_schema(table, bad.target, bad.columns, bad.roles)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_file_is_refused_in_a_line_or_two(bad: Bad, tmp_path: Path) -> None:
    path = tmp_path / bad.name
    path.write_bytes(bad.content.encode() if isinstance(bad.content, str) else bad.content)
    with pytest.raises(ConfigError) as caught:
        infer(path, bad)
    message = str(caught.value)
    assert bad.said in message
    assert str(path) in message or re.match(r"data\.\w+[:=]", message)
    assert len(message.splitlines()) <= 2
    assert len(message) < 600


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "penguins.csv").touch()
    with pytest.raises(ConfigError, match=r"a folder; a file is needed"):
        read_table(tmp_path)
    with pytest.raises(ConfigError, match=r"no such file\. Did you mean 'penguins.csv'\?"):
        read_table(tmp_path / "pengins.csv")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="no plain file"):
        read_table(tmp_path / "pipe")


def test_a_gzip_bomb_and_endless_lines_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "RATIO_COUNTS_FROM", 1000)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"x,y\n" + b"0,0\n" * 2_000_000))
    with pytest.raises(ConfigError, match="unpacks to more than"):
        read_table(path)
    monkeypatch.setattr(text, "LONGEST_LINE", 2**20)
    path = tmp_path / "line.csv"
    path.write_bytes(b"x,y\n1,a\n" + b"1" * (2**20 + 10))
    with pytest.raises(ConfigError, match="line 3 is longer than 1 MB"):
        read_table(path)


def test_a_parquet_of_more_rows_than_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(parquet(x=[1.5] * 100))
    monkeypatch.setattr("seedbed.data.tables.files.columnar.free_memory", lambda: 100)
    with pytest.raises(ConfigError, match="100 rows of 1 columns need more memory"):
        read_table(path)
