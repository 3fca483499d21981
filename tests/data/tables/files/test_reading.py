"""Files of any dialect and format read as the same table."""

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from seedbed.data.tables import ReadOptions, infer_schema, read_table
from seedbed.data.tables.files import text as text_files
from seedbed.errors import ConfigError

NAMES = ["größe", "name", "n", "code"]
FRAME = pl.DataFrame(
    {
        "größe": [1.5, -2.25, None, 1e-7],
        "name": ["Zoë, the first", 'a "b"', None, "x;y\tz"],
        "n": [1, 2, None, -4],
        "code": ["007", "010", "123", None],
    }
)


def written(
    frame: pl.DataFrame,
    separator: str = ",",
    decimal: str = ".",
    quote: str = '"',
    line_end: str = "\n",
    missing: str = "",
) -> str:
    """Return a table as text by Python's csv."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=separator, quotechar=quote, lineterminator=line_end)
    writer.writerow(frame.columns)

    def field(value: Any) -> str:
        if value is None:
            return missing
        return str(value).replace(".", decimal) if isinstance(value, float) else str(value)

    writer.writerows([[field(value) for value in row] for row in frame.iter_rows()])
    return file.getvalue()


def read(tmp_path: Path, content: bytes, name: str = "t.csv", **options: Any) -> pl.DataFrame:
    path = tmp_path / name
    path.write_bytes(content)
    return read_table(path, ReadOptions(**options)).frame


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_separator_and_decimal_are_found(tmp_path: Path, separator: str, decimal: str) -> None:
    text = written(FRAME, separator, decimal)
    assert_frame_equal(read(tmp_path, text.encode()), FRAME)
    assert_frame_equal(read(tmp_path, text.encode(), separator=separator, decimal=decimal), FRAME)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        *[("utf-8", None), ("utf-8-sig", None), ("utf-16", None), ("utf-16-le", "utf-16-le")],
        *[("cp1252", None), ("latin-1", "latin-1"), ("utf-32", None), ("cp437", "cp437")],
    ],
)
def test_encoding_is_found_or_said(tmp_path: Path, encoding: str, said: str | None) -> None:
    content = written(FRAME).encode(encoding)
    assert_frame_equal(read(tmp_path, content, encoding=said), FRAME)


@pytest.mark.parametrize("size", [7, 8, 9, 64])
def test_letters_that_are_cut_by_a_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(text_files, "_CHUNK", size)
    lines = ["größe,wört", *(f"{row}.5,ü€😀{row % 3}" for row in range(20))]
    content = "\n".join(lines).encode()
    assert read(tmp_path, content)["wört"][4] == "ü€😀1"
    wrong = content.replace("19.5,ü".encode(), b"19.5,\xff")
    with pytest.raises(ConfigError, match=r"line 21 is not in UTF-8 \(byte 0xff\)"):
        read(tmp_path, wrong, encoding="utf-8")


def test_utf16_without_a_mark_is_found(tmp_path: Path) -> None:
    content = written(FRAME.rename({"größe": "size"}).drop("name")).encode("utf-16-be")
    expected = FRAME.rename({"größe": "size"}).drop("name")
    assert_frame_equal(read(tmp_path, content), expected)


@pytest.mark.parametrize("line_end", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("end", [True, False])
def test_ends_of_lines(tmp_path: Path, line_end: str, end: bool) -> None:
    text = written(FRAME, line_end=line_end)
    text = text if end else text.removesuffix(line_end)
    assert_frame_equal(read(tmp_path, text.encode()), FRAME)


def test_single_quotes_and_quoted_headers_with_blanks(tmp_path: Path) -> None:
    text = "' größe ', 'name','n','code'\n1.5,'Zoë, the first',1,'007'\n,'a',2,'010'\n"
    expected = FRAME.with_columns(name=pl.Series(["Zoë, the first", "a"] * 2)).head(2)
    frame = read(tmp_path, text.replace(", '", ",'").encode())
    assert frame.columns == NAMES
    assert frame["name"].to_list() == expected["name"].to_list()
    as_letters = read(tmp_path, text.replace(", the", "").encode(), quote="")
    assert as_letters["name" if "name" in as_letters.columns else "'name'"][0].startswith("'")


def test_packed_by_gzip_whatever_the_name(tmp_path: Path) -> None:
    packed = gzip.compress(written(FRAME, "\t").encode())
    for name in ("t.tsv.gz", "t.gz", "t.csv"):
        assert_frame_equal(read(tmp_path, packed, name), FRAME)
    table = read_table(tmp_path / "t.csv")
    assert str(table.dialect) == "separated by tab, utf-8, packed by gzip"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("format", ["parquet", "ipc"])
def test_parquet_and_arrow(tmp_path: Path, format: str, packed: bool) -> None:
    file = io.BytesIO()
    typed = FRAME.with_columns(
        pl.col("n").cast(pl.Int16), pl.col("code").cast(pl.Categorical), pl.col("größe") * 1.0
    )
    typed.write_parquet(file) if format == "parquet" else typed.write_ipc(file)
    content = gzip.compress(file.getvalue()) if packed else file.getvalue()
    assert_frame_equal(read(tmp_path, content, "t.bin"), FRAME)


def test_words_for_what_is_missing(tmp_path: Path) -> None:
    content = b"x,y\n1.5,NA\nNaN,b\nnull,  \n2.5,-\n"
    frame = read(tmp_path, content)
    assert frame["x"].to_list() == [1.5, None, None, 2.5]
    assert frame["y"].to_list() == [None, "b", None, "-"]
    frame = read(tmp_path, content.replace(b"null", b"-"), null_values=("-",))
    assert frame["x"].to_list() == [1.5, None, None, 2.5]
    assert frame["y"].to_list() == ["NA", "b", None, None]


def test_lines_are_named_as_an_editor_numbers_them(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\n\nx,y\n1,a\n2,b\n")
    assert read_table(path).where(1) == "line 5"
    path.write_text('x,y\n1,"a\nb"\n2,b\n')
    assert read_table(path).where(1) == "row 2"
    path.write_text("x,y\n1,a\n\n2,b\n")
    assert read_table(path).where(1) == "row 2"


def test_the_separator_that_a_file_names_for_excel(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("sep=|\nx|y\n1,5|a\n2,5|b\n")
    table = read_table(path)
    assert table.frame.rows() == [(1.5, "a"), (2.5, "b")]
    assert table.where(0) == "line 3"


def test_a_header_longer_than_what_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    names = [f"{'long' * 20}{number}" for number in range(4000)]
    path.write_text("\n".join([",".join(names), ",".join(["1.5"] * 4000), ""]))
    frame = read_table(path).frame
    assert frame.columns == names
    assert frame.row(0) == (1.5,) * 4000


def test_what_other_programs_add_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",x,y,\n0,1.5,a,\n1,2.5,b,\n")
    table = read_table(path)
    assert table.frame.columns == ["x", "y"]
    assert len(table.notes) == 2


def test_columns_of_known_kinds_are_read_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,k\n1.50,10001\n2.50,20002\n")
    frame = read_table(path, columns={"x": "category", "k": "id"}).frame
    assert frame.rows() == [("1.50", "10001"), ("2.50", "20002")]


def test_a_word_far_below_numbers_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "1.5,1\n" * 3000 + "NA,NA\nlots,many\n")
    table = read_table(path)
    assert table.frame.dtypes == [pl.String, pl.String]
    with pytest.raises(ConfigError, match="'lots' in line 3003"):
        infer_schema(table)


def test_leading_zeros_far_below_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x\n" + "10001\n" * 3000 + "00501\n")
    assert read_table(path).frame["x"][3000] == "00501"


words = st.text(st.sampled_from("ab é,;\t|'\"\n"), max_size=6).map(str.strip)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-1e6, 1e6), words, st.none() | st.integers(-9, 9)),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_what_csv_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[float, str, int | None]],
    separator: str,
) -> None:
    frame = pl.DataFrame(
        rows, schema={"number": pl.Float64, "word": pl.String, "n": pl.Int64}, orient="row"
    )
    path = tmp_path_factory.mktemp("h") / "t.csv"
    path.write_text(written(frame, separator), newline="")
    table = read_table(path, ReadOptions(separator, quote='"'), {"word": "category"})
    expected = frame.with_columns(pl.col("word").replace("", None))
    if expected["n"].null_count() == len(expected):
        expected = expected.with_columns(pl.col("n").cast(pl.String))
    assert_frame_equal(table.frame, expected)
