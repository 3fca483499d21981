"""One browser for the tests of the page, and pages opened in it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from tests.page.browser import Opened, chromium, opened, started


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
