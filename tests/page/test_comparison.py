"""Comparison of jobs and configurations in the browser, against the document it is of."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from tests.page.documents import DOCUMENTS

Open = Callable[..., Page]
DOCUMENT = DOCUMENTS["with_figures"]()
LOSS = np.array(DOCUMENT["jobs"]["values"]["best/val/loss"])
ACCURACY = np.array(DOCUMENT["jobs"]["values"]["best/val/accuracy"])


def row(page: Page, table: str, name: str) -> list[str]:
    """Return the cells of the row of a table that has this heading."""
    cells = page.locator(f"table.{table} tr", has=page.get_by_role("rowheader", name=name))
    return cells.first.locator("td").all_inner_texts()


def numbers(texts: list[str]) -> list[float]:
    return [float(text.split()[0]) for text in texts]


def test_jobs_are_compared_with_the_first_and_then_with_the_pinned_baseline(
    open_document: Open,
) -> None:
    page = open_document("with_figures", "view=compare&selected=[0,2,4]")

    losses = row(page, "metrics", "best val/loss")
    assert numbers(losses) == pytest.approx(LOSS[[0, 2, 4]], rel=1e-5)
    assert [text.split()[-1] for text in losses[1:]] == ["worse", "worse"]
    differences = [float(text.split()[1].replace("−", "-")) for text in losses[1:]]
    assert differences == pytest.approx(LOSS[[2, 4]] - LOSS[0], rel=1e-2)

    page.get_by_role("button", name="Pin job 4 as baseline").click()
    expect(page.locator(".badge").first).to_have_text("baseline")
    losses, accuracies = (row(page, "metrics", f"best val/{name}") for name in ("loss", "accuracy"))
    assert [text.split()[-1] for text in losses[:2]] == ["better", "better"]
    # Of an accuracy more is better, and the sign says so.
    assert [text.split()[1][0] for text in accuracies[:2]] == ["+", "+"]
    assert [text.split()[-1] for text in accuracies[:2]] == ["better", "better"]
    assert "baseline=2" in page.url

    page.get_by_role("button", name="Compare job 0 no longer").click()
    expect(page.get_by_role("tab", name="Compare (2)")).to_be_visible()
    assert "selected=%5B2%2C4%5D" in page.url


def test_configurations_are_compared_by_the_means_of_their_jobs(open_document: Open) -> None:
    page = open_document("with_figures", "view=compare&selected=[0,2]")
    page.locator("#compare-by").select_option("configuration")
    expect(page.locator("table.metrics td").first).to_have_text("2 completed")

    for name, values in (("loss", LOSS), ("accuracy", ACCURACY)):
        cells = row(page, "metrics", f"best val/{name}")
        means = [values[:2].mean(), values[2:4].mean()]
        spreads = [values[:2].std(ddof=1), values[2:4].std(ddof=1)]
        # As many digits as the deviation gives sense to.
        assert numbers(cells) == pytest.approx(means, rel=1e-3)
        assert [float(text.split()[2]) for text in cells] == pytest.approx(spreads, rel=5e-2)
        assert all("(2)" in text for text in cells)
    # Their seeds are the same: of the config the learning rates alone differ.
    expect(page.locator("table.config .leaf.differing:visible")).to_have_count(1)
    assert row(page, "config", "lr") == ["0.01", "0.003"]


def test_only_what_differs_is_shown_until_the_rest_is_opened(open_document: Open) -> None:
    page = open_document("with_figures", "view=compare&selected=[0,1]")
    visible = page.locator("table.config tbody tr:visible")
    expect(visible).to_have_count(2)
    assert row(page, "config", "seed") == ["0", "1"]

    fold = page.locator("table.config").get_by_role("button", name="14 equal")
    assert fold.get_attribute("aria-expanded") == "false"
    fold.focus()
    page.keyboard.press("Enter")
    assert fold.get_attribute("aria-expanded") == "true"
    assert row(page, "config", "shares") == ["[0.6,0.2,0.2]"] * 2
    # Nested: groups can be closed by themselves, and what is below goes with them.
    before = visible.count()
    page.locator("table.config").get_by_role("button", name="data").click()
    assert before - visible.count() == 4


def test_figures_stand_side_by_side_and_can_be_enlarged(open_document: Open) -> None:
    page = open_document("with_figures", "view=compare&selected=[0,4,5]")
    rows = page.locator(".pictures")
    expect(rows).to_have_count(2)
    captions = rows.first.locator("> *").all_inner_texts()
    assert captions == ["confusion matrix, job 0", "confusion matrix, job 4", "none of job 5"]
    widths = rows.first.locator("img").evaluate_all("list => list.map((img) => img.naturalWidth)")
    assert widths == [80, 160]

    rows.first.get_by_role("button").first.click()
    expect(page.get_by_role("dialog", name="confusion matrix").locator("img")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_too_many_and_too_few_are_said(open_document: Open) -> None:
    page = open_document("ten_by_hundred", f"view=compare&selected={[*range(9), 99999, -1]}")
    expect(page.get_by_text("The first 8 are compared; 1 more are selected.")).to_be_visible()
    expect(page.locator("table.metrics thead th")).to_have_count(9)

    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Nothing is selected: the best configuration and")).to_be_visible()
    expect(page.locator("table.metrics thead th")).to_have_count(3)
    page.get_by_role("button", name="Compare the best 3 configurations").click()
    best = DOCUMENTS["ten_by_hundred"]()["jobs"]["values"]["best/val/loss"]
    means = np.sort(np.array(best[:900]).reshape(9, 100).mean(1))[:3]
    expect(page.locator("table.metrics thead th")).to_have_count(4)
    assert numbers(row(page, "metrics", "best val/loss")) == pytest.approx(means, rel=1e-3)
    # The second cannot be told from the first, as the summary says.
    verdicts = [text.split(") ")[-1] for text in row(page, "metrics", "best val/loss")[1:]]
    assert verdicts == ["≈ not told apart", "worse"]
