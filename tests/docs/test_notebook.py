"""The tour in a notebook: its cells run, and show what is kept in it."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from scripts.notebook import NOTEBOOK, run, tidied

# What says where the kept outputs were made.
_PLACE = re.compile(r"/(?:tmp|home|root|work|Users|private)/")


def kinds(content: Any) -> list[list[tuple[str, ...]]]:
    """Return the kinds of what each cell shows."""
    return [
        [(output.output_type, *sorted(output.get("data", ()))) for output in cell.outputs]
        for cell in content.cells
        if cell.cell_type == "code"
    ]


@pytest.mark.slow
def test_the_cells_run_and_show_what_is_kept(tmp_path: Path) -> None:
    kept = nbformat.read(NOTEBOOK, as_version=4)

    assert kinds(tidied(run(tmp_path))) == kinds(kept)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "outputs",
        "report.html",
        "trees.csv",
    ]


def test_the_notebook_is_small_and_does_not_say_where_it_was_made() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")

    assert len(text) < 250_000
    assert not _PLACE.search(re.sub(r'"image/png": "[^"]*"', "", text))
    assert "execution_count" in text
    for link in re.findall(r"\]\(([^)#:]+)", text):
        assert (NOTEBOOK.parent / link).is_file(), link
