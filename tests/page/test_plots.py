"""Plots of the page in a browser: what they draw, and what a click, a drag and a choice do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page

OpenDocument = Callable[..., Page]
# The chart of a plot, and the place of a point in it, by ECharts.
CHART = """
(name) => {
  const canvas = document.querySelector(`[data-plot="${name}"] .plot-canvas`);
  const chart = seedbedLibraries.echarts.getInstanceByDom(canvas);
"""
SERIES = (
    CHART
    + """
  return chart.getOption().series.map((each) => ({
    id: each.id, type: each.type, name: each.name, count: (each.data ?? []).length }));
}"""
)
PLACE = """
([name, index, value]) => {
  const canvas = document.querySelector(`[data-plot="${name}"] .plot-canvas`);
  const chart = seedbedLibraries.echarts.getInstanceByDom(canvas);
  canvas.scrollIntoView({ block: "center" });
  const [x, y] = chart.convertToPixel({ seriesIndex: index }, value);
  const { left, top } = canvas.getBoundingClientRect();
  return [left + x, top + y];
}"""
POINT = """
([name, index, place]) => {
  const canvas = document.querySelector(`[data-plot="${name}"] .plot-canvas`);
  const data = seedbedLibraries.echarts.getInstanceByDom(canvas).getOption().series[index].data;
  return data.at(place).value;
}"""


def fields(page: Page) -> dict[str, str]:
    """Return what the address says of the state."""
    fragment = urlsplit(page.url).fragment
    return {name: values[0] for name, values in parse_qs(fragment).items()}


def drawn(page: Page, name: str) -> list[dict[str, Any]]:
    """Return the series of a plot once it is drawn."""
    page.locator(f'[data-plot="{name}"] canvas').first.wait_for()
    series: list[dict[str, Any]] = page.evaluate(SERIES, name)
    return series


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until something holds; the page's policy forbids that Playwright waits for scripts."""
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(25)
    raise AssertionError("it never holds")


def click_point(page: Page, name: str, series: int, place: int) -> None:
    """Click the point at a place of a series."""
    value = page.evaluate(POINT, [name, series, place])
    x, y = page.evaluate(PLACE, [name, series, value])
    page.mouse.click(x, y)


def test_learning_curves_are_means_with_bands_of_the_best(open_document: OpenDocument) -> None:
    page = open_document("ten_by_hundred", "view=curves")
    series = drawn(page, "curves")
    assert [each["type"] for each in series] == ["custom", "line"] * 6
    assert series[1]["name"] == "lr=0.002"
    plot = page.locator('[data-plot="curves"]')
    assert "The best 6 of 10 configurations" in plot.inner_text()
    plot.locator("[data-choice=of]").select_option("all")
    plot.locator("[data-choice=band]").select_option("range")
    plot.locator("[data-choice=singles]").check()
    until(page, lambda: "300 of 1,000 are drawn" in plot.inner_text())
    series = drawn(page, "curves")
    assert sum(str(each["id"]).startswith("single") for each in series) == 300
    assert "35 jobs that diverged, failed or did not end are in no mean" in plot.inner_text()
    assert fields(page)["curves"] == '{"of":"all","band":"range","singles":true}'
    with page.expect_download() as download:
        plot.get_by_role("button", name="Save as PNG").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    plot.locator(".plot-numbers summary").click()
    until(page, lambda: plot.locator(".plot-table tbody tr").count() > 100)


def test_a_view_of_curves_can_be_sent(open_document: OpenDocument) -> None:
    page = open_document(
        "ten_by_hundred",
        'view=curves&groupBy=optimizer.lr&curves={"metrics":["val/loss","train/loss"],'
        '"smoothing":0.5,"hidden":["optimizer.lr=0.1"]}&logX=true',
    )
    series = drawn(page, "curves")
    assert len({each["name"] for each in series}) == 10
    # A mean and what was smoothed, of two metrics; bands of the first.
    assert len(series) == 10 * 5
    assert page.locator("[data-choice=logX]").is_checked()
    nonsense = 'view=curves&groupBy=x&curves={"metrics":5,"band":[],"smoothing":"a","hidden":1}'
    assert len(drawn(open_document("ten_by_hundred", nonsense), "curves")) == 12


def test_jobs_without_a_number_stand_above_the_plot(open_document: OpenDocument) -> None:
    page = open_document("ten_by_hundred", "view=keys")
    points, _, _, medians, lost = drawn(page, "keyPlot")
    assert (points["count"], medians["count"], lost["count"]) == (965, 10, 2)
    plot = page.locator('[data-plot="keyPlot"]')
    assert "35 jobs of 1,000 without best/val/loss" in plot.inner_text()
    # Of many jobs the middle one stands for all.
    click_point(page, "keyPlot", 4, 0)
    until(page, lambda: "selected" in fields(page))
    [job] = json.loads(fields(page)["selected"])
    assert job >= 900
    assert page.locator('[data-plot="heatMap"]').count() == 0


def test_a_heat_map_shows_which_cells_are_empty(open_document: OpenDocument) -> None:
    page = open_document("two_objectives", "view=keys")
    page.locator('[data-plot="heatMap"]').scroll_into_view_if_needed()
    cells, lost, empty = drawn(page, "heatMap")
    assert (cells["count"] + empty["count"], lost["count"]) == (49, 0)
    assert f"{empty['count']} of 49 cells have no job" in page.inner_text('[data-plot="heatMap"]')


def test_a_brush_becomes_part_of_the_filter(open_document: OpenDocument) -> None:
    page = open_document("two_objectives", "view=parallel&filter=seed+<+2")
    drawn(page, "parallel")
    box = page.locator('[data-plot="parallel"] canvas').first.bounding_box()
    assert box is not None
    x, y = box["x"] + 50, box["y"]
    page.mouse.move(x, y + 120)
    page.mouse.down()
    page.mouse.move(x, y + 180, steps=3)
    page.mouse.move(x, y + 250, steps=3)
    page.mouse.up()
    until(page, lambda: "optimizer.lr" in page.url)
    told = fields(page)["filter"]
    assert told.startswith("seed < 2 and optimizer.lr >= ")
    assert page.input_value("#filter") == told
    until(page, lambda: "filtered out" in page.inner_text('[data-plot="parallel"]'))
    page.mouse.click(x, y + 320)
    until(page, lambda: "optimizer.lr" not in page.url)
    assert fields(page)["filter"] == "seed < 2"


def test_a_search_shows_its_course_importances_and_front(open_document: OpenDocument) -> None:
    page = open_document("two_objectives", "view=search")
    points, steps, lost = drawn(page, "progress")
    assert (points["count"], lost["count"]) == (60, 0)
    assert 2 <= steps["count"] < 60
    page.locator('[data-plot="front"]').scroll_into_view_if_needed()
    step, dominated, front, out = drawn(page, "front")
    assert (dominated["count"] + front["count"], out["count"]) == (60, 0)
    assert step["count"] == front["count"] == 14
    click_point(page, "front", 2, 0)
    until(page, lambda: len(fields(page).get("selected", "").split(",")) == 3)
    page.locator('[data-plot="importances"]').scroll_into_view_if_needed()
    assert [each["count"] for each in drawn(page, "importances")] == [2, 2]


def test_names_are_shown_as_text(open_document: OpenDocument) -> None:
    page = open_document("hostile", "view=curves", viewport={"width": 390, "height": 800})
    for view, plot in (("curves", "curves"), ("keys", "keyPlot"), ("parallel", "parallel")):
        page.locator(f"#tab-{view}").click()
        drawn(page, plot)
        box = page.locator(f'[data-plot="{plot}"] canvas').first.bounding_box()
        assert box is not None
        for share in (0.3, 0.5, 0.7):
            page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] * 0.5)
        page.wait_for_timeout(30)
    assert page.evaluate("window.broken") is None
    assert page.locator("img[src=x], main script").count() == 0


def test_plots_follow_the_theme_and_the_width(open_document: OpenDocument) -> None:
    page = open_document("one_seed", "view=curves", color_scheme="dark")
    drawn(page, "curves")
    background = CHART + "return chart.getOption().backgroundColor; }"
    assert page.evaluate(background, "curves") == "#14181f"
    page.keyboard.press("d")
    until(page, lambda: page.evaluate(background, "curves") == "#ffffff")
    page.set_viewport_size({"width": 400, "height": 800})
    width = CHART + "return chart.getWidth(); }"
    until(page, lambda: 300 < page.evaluate(width, "curves") < 400)
