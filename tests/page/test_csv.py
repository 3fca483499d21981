"""CSV of the page: read back by Python's csv, and without formulas."""

import csv
import io

import numpy as np
from tests.page.documents import HOSTILE_NAMES, ten_by_hundred
from tests.page.node import called


def written(lines):
    """Return lines of cells as the page writes them."""
    [text] = called("table/csv.js", "csvText", [[lines]])
    return text


def test_lines_read_back_as_they_were():
    cells = ["a", 'quo"te', "comma, comma", "two\nlines", "two\r\nlines", "", " blank ", "ünï", "'"]
    text = written([cells, cells[::-1]])
    assert text.count("\r\n") == 2 + 2  # of which one stands within each line
    assert list(csv.reader(io.StringIO(text, newline=""))) == [cells, cells[::-1]]


def test_numbers_are_whole_and_what_is_none_is_empty():
    numbers = [0.1 + 0.2, -1e-300, 1e21, 123456789012345, {"number": "nan"}, None, True]
    [[*read]] = csv.reader(io.StringIO(written([numbers])))
    assert [float(text) for text in read[:4]] == numbers[:4]
    assert read[4:] == ["", "", "true"]


def test_a_text_is_no_formula_to_a_spreadsheet():
    texts = ["=1+1", "+1", "-cmd", "@x", "\tx", "\rx", *HOSTILE_NAMES]
    [read] = csv.reader(io.StringIO(written([texts]), newline=""))
    for text, cell in zip(texts, read, strict=True):
        assert cell == (f"'{text}" if text[0] in "=+-@\t\r" else text)
    # Numbers stay numbers, negative ones, too.
    assert written([[-1.5]]) == "-1.5\r\n"


def shown(content, fragment):
    """Return the cells of the CSV of what the table shows."""
    page = {"page": {"document": content}, "fragment": fragment}
    [text] = called("table/csv.js", "shownCsv", [[page]])
    return list(csv.reader(io.StringIO(text, newline="")))


def test_configurations_have_mean_deviation_and_count():
    content = ten_by_hundred()
    header, *lines = shown(content, 'columns=["optimizer.lr","val/loss"]&baseline=9')
    assert header == [
        *("optimizer.lr", "jobs", "completed"),
        *("val/loss", "val/loss deviation", "val/loss count"),
    ]
    # The baseline first, of whose seeds some diverged; then by the best epoch's val/loss.
    assert [line[0] for line in lines[:3]] == ["0.1", "0.002", "0.001"]
    assert [line[1:3] for line in lines[:2]] == [["100", "65"], ["100", "100"]]
    losses = np.array(content["jobs"]["values"]["val/loss"][500:600])
    wanted = [losses.mean(), losses.std(ddof=1), 100]
    np.testing.assert_allclose([float(cell) for cell in lines[1][3:]], wanted, rtol=1e-9)


def test_jobs_are_those_of_the_filter_in_the_order_of_the_table():
    content = ten_by_hundred()
    header, *lines = shown(content, 'rows=jobs&filter=seed<2&sort=["val/loss","desc"]')
    assert len(lines) == 20
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    losses = [float(row["val/loss"]) for row in rows if row["val/loss"]]
    assert losses == sorted(losses, reverse=True)
    assert [row["status"] for row in rows if not row["val/loss"]] == ["diverged"]
    values = content["jobs"]["values"]["val/loss"]
    assert all(float(row["val/loss"]) == values[int(row["number"])] for row in rows[:-1])


def test_a_baseline_that_the_filter_leaves_out_keeps_its_results():
    content = ten_by_hundred()
    fragment = 'columns=["best/val/loss"]&baseline=0&filter=mean(best/val/loss)<0.2'
    _, first, *others = shown(content, fragment)
    losses = np.array(content["jobs"]["values"]["best/val/loss"][:100])
    np.testing.assert_allclose(float(first[2]), losses.mean(), rtol=1e-9)
    assert [line[0] for line in others] == ["100"] * 5
