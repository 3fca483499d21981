"""Lineage of a population: read as it was written, it leads from the first weights to a trial."""

from pathlib import Path

import pytest

from seedbed.errors import RunFolderError
from seedbed.sweep.results.lineage import (
    Taken,
    line_of,
    lineage_file,
    read_lineage,
    values_by_epoch,
    write_lineage,
)

KEY = "optimizer.lr"
HEADER = "epoch,trial,from,score,source_score\n"
ROWS = [
    *(Taken(0, trial, trial, None, None, {KEY: 0.1 * (1 + trial)}) for trial in range(3)),
    Taken(2, 1, 0, None, 0.5, {KEY: 0.08}),
    Taken(4, 2, 1, 0.7, 0.25, {KEY: 0.064}),
    Taken(6, 1, 2, 0.9, 0.2, {KEY: 0.07}),
]


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = lineage_file(tmp_path, 0)
    write_lineage(path, ROWS)
    assert read_lineage(path) == ROWS
    assert path.read_text().splitlines()[4] == "2,1,0,,0.5,0.08"
    assert lineage_file(tmp_path, 40).name == "population-40.csv"


def test_a_line_leads_from_the_first_weights_to_the_end() -> None:
    assert line_of(ROWS, 2) == [ROWS[0], ROWS[3], ROWS[4]]
    assert line_of(ROWS, 1) == [ROWS[0], ROWS[3], ROWS[4], ROWS[5]]
    assert line_of(ROWS, 0) == [ROWS[0]]
    values = values_by_epoch(line_of(ROWS, 1), 7)[KEY]
    assert values == [0.1, 0.1, 0.08, 0.08, 0.064, 0.064, 0.07]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "epoch,trial\n1,2\n",
        f"{HEADER}x\n",
        f"{HEADER}3,1,1,,\n",
        f"{HEADER}0,1,1,,\n3,1,2,,\n",
        f"{HEADER}0,1,1,,\n0,1,1,,\n",
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "population.csv"
    path.write_text(text)
    with pytest.raises(RunFolderError, match="no lineage of a population"):
        read_lineage(path)
