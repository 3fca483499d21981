"""Kinds of columns, roles and tasks, from values and from what the user says."""

import re
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.data.tables import (
    RawTable,
    class_codes,
    from_plain,
    infer_schema,
    read_table,
    schema_lines,
    to_plain,
    typed_frame,
)
from seedbed.errors import ConfigError, RunFolderError

ROWS = 24


def table_of(**columns: list[object]) -> RawTable:
    return RawTable(pl.DataFrame(columns, strict=False), Path("t.csv"), "CSV", first_line=2)


def repeated(*values: object) -> list[object]:
    return [values[row % len(values)] for row in range(ROWS)]


@pytest.mark.parametrize(
    ("values", "kind", "stored"),
    [
        (repeated(1.5, 2.5, None), "number", "float"),
        (repeated(1, 2, 5), "number", "integer"),
        (repeated(1, 0), "number", "integer"),
        (repeated("red", "green", None), "category", "text"),
        (repeated("Yes", "no"), "boolean", "text"),
        (repeated("TRUE", "FALSE"), "boolean", "text"),
        (repeated(True, False), "boolean", "boolean"),
        (repeated("00501", "10001"), "category", "text"),
        (repeated("2024-01-31", "2024-02-01"), "date", "date"),
        (repeated("31.01.2024", "1.2.2024"), "date", "date"),
        (repeated("31/01/2024", "02/01/2024"), "date", "date"),
        (repeated("01/31/24", "02/01/24"), "date", "date"),
        (repeated("5 Jan 2024", "6 Feb 2024"), "date", "date"),
        (repeated("2024-01-31 14:30", "2024-02-01 00:00"), "date", "datetime"),
        (repeated("2024-01-31T14:30:01Z", "2024-02-01T00:00:00Z"), "date", "datetime"),
        (repeated("14:30", "09:05"), "time", "time"),
        (repeated("same"), "ignore", "text"),
        (repeated(3), "ignore", "integer"),
        (repeated(None), "ignore", "text"),
        ([f"N{row}A{row}" for row in range(ROWS)], "id", "text"),
        (repeated("38", "40", "S", "M"), "category", "text"),
        (repeated("May", "June"), "category", "text"),
        (repeated("1:2:3:4", "a:b"), "category", "text"),
    ],
)
def test_kind_follows_from_all_values(values: list[object], kind: str, stored: str) -> None:
    column = infer_schema(table_of(x=values, other=[float(n) for n in range(ROWS)])).column("x")
    assert (column.kind, column.values) == (kind, stored)


def test_numbers_are_identifiers_only_by_their_name() -> None:
    numbers = [row * 7 % 101 for row in range(ROWS)]
    table = table_of(user_id=numbers, PassengerId=numbers, idle=numbers, paid=numbers, zip=numbers)
    kinds = infer_schema(table).kinds
    assert kinds == {
        "user_id": "id",
        "PassengerId": "id",
        "idle": "number",
        "paid": "number",
        "zip": "number",
    }
    assert "data.columns={zip: category}" in infer_schema(table).column("zip").note


def test_words_that_differ_in_every_row_are_no_category_however_few() -> None:
    table = table_of(id=["a", "b"], comment=["red", "blue"], x=[1.5, 2.5])
    assert infer_schema(table).kinds == {"id": "id", "comment": "category", "x": "number"}
    table = table_of(id=["a", "b", "c"], comment=["red", "blue", "ash"], x=[1.5, 2.5, 3.5])
    assert infer_schema(table).kinds == {"id": "id", "comment": "id", "x": "number"}


def test_a_category_that_is_named_as_an_identifier_is_noted() -> None:
    owners = [f"P{row % 9}" for row in range(ROWS)]
    column = infer_schema(table_of(owner_id=owners)).column("owner_id")
    assert column.kind == "category"
    assert "'data.columns={owner_id: id}' leaves it out" in column.note


def test_what_counts_the_rows_stays_a_number_and_is_said() -> None:
    column = infer_schema(table_of(day=list(range(ROWS)))).column("day")
    assert column.kind == "number"
    assert "counts the rows" in column.note


cells = st.sampled_from(
    ["1", "2.5", "-3", "a", "b c", "yes", "no", "00501", "2024-01-31", "31/01/2024"]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(cells | st.none(), min_size=3, max_size=4), st.integers(3, 20), st.randoms())
def test_the_order_of_the_rows_says_nothing(pool: list[Any], times: int, random: Random) -> None:
    def found(values: list[Any]) -> object:
        try:
            return infer_schema(
                table_of(x=values, y=[row % 3 + 0.5 for row in range(len(values))])
            ).columns
        except ConfigError as error:
            return str(error).partition(" in line")[0].partition(" in row")[0]

    values = pool * times
    shuffled = random.sample(values, len(values))
    assert found(values) == found(shuffled)


@pytest.mark.parametrize(
    ("values", "kind", "task", "names"),
    [
        (repeated(1.5, 2.5, 3.0), None, "regression", ()),
        (repeated(0, 1), None, "binary", ("0", "1")),
        (repeated(-1, 1), None, "binary", ("-1", "1")),
        (repeated(1.0, 2.0), None, "binary", ("1", "2")),
        (repeated(0, 1), "number", "regression", ()),
        (repeated(3, 4, 5), None, "regression", ()),
        (repeated(3, 4, 5), "category", "multiclass", ("3", "4", "5")),
        (repeated("b", "a", "c"), None, "multiclass", ("a", "b", "c")),
        (repeated("9", "10", "x"), None, "multiclass", ("10", "9", "x")),
        (repeated("yes", "no"), None, "binary", ("no", "yes")),
        (repeated(True, False), None, "binary", ("false", "true")),
    ],
)
def test_task_follows_from_the_target(
    values: list[object], kind: str | None, task: str, names: tuple[str, ...]
) -> None:
    table = table_of(x=[float(row) for row in range(ROWS)], y=values)
    schema = infer_schema(table, ["y"], {"y": kind} if kind else {})
    assert (schema.task, schema.class_names) == (task, names)


def test_whole_numbers_without_a_gap_and_with_ten_rows_each_are_classes() -> None:
    def task(values: list[int]) -> str | None:
        rows = [float(row) for row in range(len(values))]
        return infer_schema(table_of(x=rows, y=values), ["y"]).task

    assert task([0, 1, 2] * 10) == "multiclass"
    assert task([1, 2, 3] * 10) == "multiclass"
    assert task([0, 1, 2] * 9) == "regression"
    assert task([0, 1, 3] * 10) == "regression"
    assert task(list(range(20)) * 10) == "multiclass"
    assert task(list(range(21)) * 10) == "regression"


def test_several_targets_are_a_regression() -> None:
    table = table_of(x=repeated(1.0, 2.5), a=repeated(1, 2, 3), b=repeated(True, False))
    schema = infer_schema(table, ["b", "a"])
    assert (schema.task, schema.targets) == ("regression", ("b", "a"))
    assert [column.name for column in schema.inputs] == ["x"]


def test_a_schema_goes_through_plain_values_and_is_shown() -> None:
    table = table_of(
        x=repeated(1.5, None), y=repeated("a", "b"), w=repeated(1.0, 0.5), k=repeated("u")
    )
    schema = infer_schema(table, ["y"], {"k": "ignore"}, {"weight": "w", "split": None})
    assert from_plain(to_plain(schema)) == schema
    shown = list(schema_lines(schema, {"x": "one standardised number"}).columns[2].cells)
    assert shown == ["one standardised number", "target (binary)", "weight of the row", "left out"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("format", "%Q" * 1000, "columns[0].format: no format of dates"),
        ("kind", "pickle", "columns[0].kind"),
        ("name", 7, "columns[0].name"),
        ("words", "no", "columns[0].words"),
    ],
)
def test_plain_values_of_no_schema_are_refused(field: str, value: object, said: str) -> None:
    plain = to_plain(infer_schema(table_of(day=repeated("2024-01-31", "2024-02-01"))))
    plain["columns"][0][field] = value
    with pytest.raises(RunFolderError, match=re.escape(said)):
        from_plain(plain)


def test_how_an_unusual_file_is_written_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("größe;y\n1,5;a\n2,25;b\n".encode("cp1252"))
    [note] = infer_schema(read_table(path), ["y"]).notes
    assert note == "t.csv: separated by semicolon, decimal comma, cp1252"


def test_rows_of_another_file_follow_the_schema_of_the_first(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    rows = [f"{n}.5,{n % 3},{['no', 'yes'][n % 2]},0{n % 4}1,2024-01-{n + 1:02}" for n in range(20)]
    first.write_text("\n".join(["x,y,b,code,day", *rows]))
    table = read_table(first)
    schema = infer_schema(table, ["y"], {"y": "category"})
    frame = typed_frame(table, schema)
    assert dict(frame.schema) == {
        "x": pl.Float64, "y": pl.String, "b": pl.Boolean, "code": pl.String, "day": pl.Date,
    }  # fmt: skip
    assert class_codes(frame["y"], schema, table).tolist() == [n % 3 for n in range(20)]
    # Another order, one column more, none with the target; each would be a number by itself.
    second.write_text("more,day,code,x,b\n1,2023-12-31,001,7,YES\n2,,,,\n")
    table = read_table(second, columns=schema.kinds)
    frame = typed_frame(table, schema, targets=False)
    assert frame.columns == ["x", "b", "code", "day"]
    assert frame.row(0)[:3] == (7.0, True, "001")
    assert frame.row(1) == (None, None, None, None)
    assert schema.extra(table.frame.columns) == ["more"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x,b,day\n1,no,2024-01-01\nlots,no,2024-01-01\n", "line 3, column 'x': 'lots' is no num"),
        ("x,b,day\n1,maybe,2024-01-01\n", "line 2, column 'b': 'maybe' is no 'no' or 'yes'"),
        ("x,b,day\n1,no,01/02/2024\n", "line 2, column 'day': '01/02/2024' is no date (%Y-%m-%d)"),
        ("x,b,day\ninf,no,2024-01-01\n", "line 2, column 'x': 'inf' is no finite number"),
        ("x,d,day\n1,no,2024-01-01\n", "no column 'b'"),
    ],
)
def test_a_value_that_does_not_conform_is_named(tmp_path: Path, text: str, said: str) -> None:
    table = table_of(
        x=repeated(1.5, 2.5), b=repeated("no", "yes"), day=repeated("2024-01-31", "2024-02-01")
    )
    schema = infer_schema(table)
    path = tmp_path / "more.csv"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        typed_frame(read_table(path, columns=schema.kinds), schema)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
