"""Tables on standard output."""

import pytest
from rich.table import Table

from seedbed.terminal.tables import metrics_table, print_table


def printed(table: Table, capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """Return the words of each line that a table prints."""
    print_table(table)
    return [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]


def test_a_metric_has_a_row_and_a_state_of_the_model_a_column(
    capsys: pytest.CaptureFixture[str],
) -> None:
    columns = {"best": {"val/loss": 0.123456789, "val/r2": 1.0}, "last": {"val/loss": 1e-9}}

    header, _, loss, r2 = printed(metrics_table(columns), capsys)

    assert header == ["metric", "best", "last"]
    assert loss == ["val/loss", "0.123457", "1e-09"]
    assert r2 == ["val/r2", "1"]


def test_in_a_pipe_no_row_is_wrapped_and_names_are_shown_as_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = Table(box=None)
    table.add_column("name")
    name = "x" * 3000 + "[red]:smile:"
    table.add_row(name)

    assert printed(table, capsys) == [["name"], [name]]
