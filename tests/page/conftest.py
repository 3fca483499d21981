"""One browser for the tests of the page, and pages opened in it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.page.browser import Opened, chromium, opened, started
from tests.page.documents import DOCUMENTS

from seedbed.page.html import page_html


# Not for the whole session: Playwright leaves an event loop running, which notebooks do not bear.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Return a browser without a window; tests are skipped where there is none."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium here: scripts/fetch_chromium.sh fetches Debian's")
    with started(path) as running:
        yield running


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Return a function that opens a file; at the end of the test each is checked.

    That is: no error and no warning on the console, no request but for the file itself, nothing
    that the page's Content-Security-Policy forbids.
    """
    with ExitStack() as stack:

        def open_file(file: Path, fragment: str = "", **options: Any) -> Opened:
            return stack.enter_context(opened(browser, file, fragment, **options))

        yield open_file


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that gives the page of a document in documents.py."""
    folder = tmp_path_factory.mktemp("pages")

    def write(name: str) -> Path:
        file = folder / f"{name}.html"
        if not file.exists():
            file.write_bytes(page_html(DOCUMENTS[name]()))
        return file

    return write


@pytest.fixture
def open_document(
    open_page: Callable[..., Opened], page_file: Callable[[str], Path]
) -> Callable[..., Page]:
    """Return a function that opens the page of a document by its name, as `open_page` does."""

    def open_named(name: str, fragment: str = "", **options: Any) -> Page:
        return open_page(page_file(name), fragment, **options).page

    return open_named
