"""The whole page in the browser: every view of every document, its looks, and what it keeps."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.page.documents import DOCUMENTS, HOSTILE_NAMES

Open = Callable[..., Page]
PHONE = {"width": 360, "height": 740}
# Waits for what views put off until a frame is drawn, and for another after it.
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
WIDEST = """[...document.querySelectorAll("main *, header *")].filter((element) =>
    element.getBoundingClientRect().right > innerWidth && !element.closest(".scrolled")).slice(0, 9)
    .map((element) => `${element.tagName}.${element.className}`).join(" ")"""
COMPARED = "selected=[0,1]&job=0"


def views(page: Page) -> list[str]:
    keys: list[str] = page.locator("[data-view]").evaluate_all(
        "list => list.map((section) => section.dataset.view)"
    )
    return keys


def show(page: Page, view: str) -> None:
    """Show a view, and wait until it is drawn."""
    page.locator(f"#tab-{view}").click()
    page.evaluate(DRAWN)
    assert page.locator(f"[data-view={view}]").is_visible()


@pytest.mark.parametrize("name", sorted({*DOCUMENTS} - {"ten_thousand", "one_seed"}))
def test_every_view_of_every_document_fits_a_phone(open_document: Open, name: str) -> None:
    page = open_document(name, COMPARED, viewport=PHONE)
    for view in views(page):
        show(page, view)
        sizes = page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
        assert sizes[0] <= sizes[1], f"{view} is wider than the phone: {page.evaluate(WIDEST)}"
        # Something is said, also where there is nothing to draw.
        assert page.locator(f"[data-view={view}]").inner_text().strip(), view


def test_names_of_markup_and_terminal_signs_are_shown_as_text(open_document: Open) -> None:
    page = open_document("hostile", COMPARED)
    for view in views(page):
        show(page, view)
        assert page.evaluate("window.broken") is None, view
        # Nothing of a name became an element.
        assert page.locator("main img[src=x], main script, main b, header script").count() == 0
    assert page.title() == HOSTILE_NAMES[0]
    show(page, "job")
    text = page.locator("main").inner_text()
    for name in (*HOSTILE_NAMES[:3], *HOSTILE_NAMES[5:]):
        assert name in text, name
    assert "\\x1b[31mred\\x1b[0m\\x07" in text
    assert "\\u202egnp.exe" in text
    said = page.evaluate("""() => [
        document.body.innerText,
        ...[...document.querySelectorAll("[title], [aria-label]")].flatMap(
            (element) => [element.title, element.ariaLabel]),
    ].join("")""")
    assert not {"\x1b", "\x07", "\u202e"} & set(said)


def test_the_theme_follows_the_system_and_then_the_switch(open_document: Open) -> None:
    def ground() -> str:
        colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return colour

    page = open_document("with_figures", color_scheme="dark")
    dark = ground()
    page.emulate_media(color_scheme="light")
    light = ground()
    assert sum(map(int, light[4:-1].split(","))) > 600 > sum(map(int, dark[4:-1].split(",")))
    page.get_by_role("button", name="Light / dark").click()
    assert ground() == dark
    assert "theme=dark" in page.url
    page.keyboard.press("d")
    assert ground() == light


def test_what_is_seen_is_found_again_by_the_address(open_document: Open, page_file: Open) -> None:
    page = open_document("ten_by_hundred", "view=job&job=7&theme=dark&metric=train/loss")
    expect(page.get_by_role("heading", name="job 7")).to_be_visible()
    assert page.locator("#metric").input_value() == "train/loss"
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    show(page, "compare")
    page.go_back()
    expect(page.get_by_role("heading", name="job 7")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="job 7")).to_be_visible()
    assert page.locator("#metric").input_value() == "train/loss"


def test_a_fragment_that_anybody_wrote_breaks_nothing(open_document: Open) -> None:
    fragments = [
        "view=nowhere&job=-1&selected=[1e9,-1,0.5]&baseline=1e9&metric=none&theme=pink&open=[-5]",
        "view=%00&job={}&selected=null&sort=[1]&columns=[%22__proto__%22]&filter=)((",
        "view=compare&selected=[0,0,0]&compareBy=other&curves={%22metrics%22:{},%22band%22:[]}",
        "=&&=x&__proto__=1&constructor={}&filter=a.b.c%20%3C%3C%201&groupBy=constructor",
    ]
    page = open_document("with_figures", fragments[0])
    for fragment in fragments:
        page.evaluate("fragment => { location.hash = fragment }", fragment)
        page.evaluate(DRAWN)
        for view in views(page):
            show(page, view)


def test_it_prints_in_light_colours_without_its_buttons(
    open_document: Open, tmp_path: Path
) -> None:
    page = open_document("with_figures", "view=compare&selected=[0,2]&theme=dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator("table.metrics")).to_be_visible()
    for name in ("Clear", "Pin job 2 as baseline", "Light / dark"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    file = tmp_path / "page.pdf"
    page.pdf(path=file)
    content = file.read_bytes()
    assert content.startswith(b"%PDF")
    assert len(content) > 20_000
