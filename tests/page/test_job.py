"""One job in the browser: what became of it, its numbers, its error, and what can be copied."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.page.documents import DOCUMENTS
from tests.page.node import called

Open = Callable[..., Page]


def pasted(page: Page) -> str:
    """Return what the clipboard holds, by pasting it."""
    page.evaluate("""() => {
        const area = document.createElement("textarea");
        area.id = "pasted";
        document.body.append(area);
        area.focus();
    }""")
    page.keyboard.press("Control+V")
    text: str = page.evaluate("""() => {
        const area = document.getElementById("pasted");
        area.remove();
        return area.value;
    }""")
    return text


def test_a_failed_job_shows_its_error_and_its_numbers(open_document: Open) -> None:
    page = open_document("ten_by_hundred", "view=job&job=905")
    document = DOCUMENTS["ten_by_hundred"]()
    values = {name: column[905] for name, column in document["jobs"]["values"].items()}

    expect(page.get_by_role("heading", name="job 905")).to_be_visible()
    assert page.locator(".status").inner_text() == "failed"
    assert page.locator(".failure .message").inner_text() == "OSError: full"
    trace = page.locator(".failure details pre")
    expect(trace).to_be_hidden()
    page.get_by_text("Traceback", exact=True).click()
    assert trace.inner_text() == document["errors"]["905"]["traceback"]
    cells = page.locator("table.metrics tr", has=page.get_by_role("rowheader", name="val/accuracy"))
    assert cells.locator("td").all_inner_texts()[2] == "higher"
    shown = [float(text) for text in cells.locator("td").all_inner_texts()[:2]]
    assert shown == pytest.approx([values["best/val/accuracy"], values["val/accuracy"]], rel=1e-5)
    # Where nothing was measured, no empty table and no empty plot says so.
    none = open_document("all_failed", "view=job&job=1")
    expect(none.get_by_text("No metric was measured.")).to_be_visible()
    assert none.locator("table.metrics").count() == 0
    assert f"best epoch ({values['best/epoch']})" in page.locator("table.metrics").inner_text()


@pytest.mark.parametrize("has_clipboard", [True, False])
def test_the_command_that_repeats_it_is_copied_by_a_click(
    open_document: Open, has_clipboard: bool
) -> None:
    page = open_document("with_figures", "view=job&job=3")
    if not has_clipboard:
        page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    command = DOCUMENTS["with_figures"]()["jobs"]["command"][3]

    button = page.get_by_role("button", name="Copy command that repeats job 3")
    button.click()
    expect(button).to_have_text("Copied")
    expect(page.get_by_role("status").filter(has_text="Copied command")).to_be_visible()
    assert page.evaluate("document.activeElement.className") == "copy"
    assert pasted(page) == command


def test_the_best_job_is_shown_until_one_is_chosen(open_document: Open) -> None:
    page = open_document("two_objectives", "view=job")
    assert page.get_by_text("No job is chosen: this is the best one.").is_visible()
    expect(page.get_by_text("Place 1 of")).to_be_visible()


def test_a_single_run_shows_its_metrics_and_parameters(open_document: Open) -> None:
    page = open_document("single_run", "view=summary")
    cells = page.locator("table.metrics tr", has=page.get_by_role("rowheader", name="test/loss"))
    # The test rows are measured with the weights of the best epoch.
    assert cells.locator("td").all_inner_texts()[:2] == ["0.22", ""]
    assert page.get_by_role("button", name="All configurations").count() == 0
    page.get_by_role("button", name="The job").click()
    expect(page.locator("table.config tbody tr").first).to_be_visible()
    assert page.locator("table.config").get_by_text(" equal").count() == 0


@pytest.mark.parametrize(
    ("callbacks", "is_of_best"),
    [(None, True), ({"checkpoint": {"keep_best": True}}, True), ({}, False)],
)
def test_test_rows_are_of_the_best_epoch_where_its_weights_are_kept(
    callbacks: dict[str, object] | None, is_of_best: bool
) -> None:
    content = DOCUMENTS["single_run"]()
    common = {} if callbacks is None else {"callbacks": callbacks}
    content["configs"] = {"common": common, "differing": {}}
    [of_best] = called("jobs/metric_rows.js", "testsOfBest", [[content]])
    assert of_best is is_of_best


def test_keys_and_buttons_step_through_what_the_filter_leaves(open_document: Open) -> None:
    page = open_document("with_figures", "view=job&job=2")
    following = page.get_by_role("button", name="Next →")
    following.click()
    expect(page.get_by_role("heading", name="job 3")).to_be_visible()
    assert "job=3" in page.url
    # The focus stays, so that Enter steps on; who listens hears where it is.
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="job 4")).to_be_visible()
    expect(page.locator("#announcements")).to_have_text("job 4")
    page.keyboard.press("n")
    expect(page.get_by_text("6 of 6 jobs")).to_be_visible()
    assert following.get_attribute("aria-disabled") == "true"
    page.keyboard.press("p")
    expect(page.get_by_text("5 of 6 jobs")).to_be_visible()

    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("tab", name="Compare (1)")).to_be_visible()
    page.get_by_role("tab", name="Compare").click()
    page.get_by_role("button", name="job 4", exact=True).click()
    expect(page.get_by_role("heading", name="job 4")).to_be_focused()


def test_a_link_to_a_job_opens_it_and_a_wrong_one_says_so(open_document: Open) -> None:
    page = open_document("with_figures", "view=job&job=1")
    button = page.get_by_role("button", name="Copy link to job 1")
    button.click()
    expect(button).to_have_text("Copied")
    assert pasted(page) == f"{page.url.split('#')[0]}#view=job&job=1"

    page.evaluate("location.hash = '#view=job&job=77'")
    expect(page.get_by_text("No job is chosen")).to_be_visible()


def test_a_run_alone_is_its_only_job(open_document: Open) -> None:
    page = open_document("single_run", "view=job")
    expect(page.locator(".status")).to_have_text("completed")
    expect(page.get_by_role("button", name="Next →")).to_have_count(0)
    assert "0.22" in page.locator("table.metrics").inner_text()
