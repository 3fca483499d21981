"""A page opened from disk in a real browser, with all that it asked for and complained of."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = [
    "--no-sandbox",  # else it refuses to start for root, as in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",  # containers have a small one
]
# Runs before the page's own scripts; the page's policy does not hold for it.
WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
window.marks = {};
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.marks[entry.name] = entry.startTime;
}).observe({type: "paint", buffered: true});
"""
# What all objects have since a name as `__proto__` was the key of one.
INHERITED = "() => { const names = []; for (const name in {}) names.push(name); return names; }"


@dataclass
class Opened:
    """A page in the browser, and what it asked for and wrote to the console."""

    page: Page
    file: Path
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Raise AssertionError if the page left its file or had something to complain of."""
        complaints = [
            *(f"error: {line}" for line in self.errors),
            *(line for line in self.console if line.startswith(("error", "warning"))),
            *(f"request: {url}" for url in self.requests if not self._is_within(url)),
            *(f"forbidden: {line}" for line in self.page.evaluate("window.violations")),
            *(f"every object has: {name}" for name in self.page.evaluate(INHERITED)),
        ]
        if complaints:
            raise AssertionError("\n".join(complaints))

    def _is_within(self, request: str) -> bool:
        url = urlsplit(request)
        if url.scheme == "file":
            return url.path == urlsplit(self.file.as_uri()).path
        return url.scheme in ("data", "blob")


def chromium() -> str | None:
    """Return the path of a Chromium on this machine, or None.

    The environment variable SEEDBED_CHROMIUM names one that is not in the search path.
    """
    named = os.environ.get("SEEDBED_CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUM)), None)


@contextmanager
def started(path: str) -> Iterator[Browser]:
    """Run a browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, file: Path, fragment: str = "", **options: Any) -> Iterator[Opened]:
    """Open a file in a context of its own, offline; it is checked when it closes.

    Args:
        browser: what `started` gives.
        file: the HTML file.
        fragment: what the address has after `#`.
        options: those of Playwright's `new_context`, as `viewport`, `color_scheme`.
    """
    options = {"viewport": {"width": 1280, "height": 900}, "offline": True, **options}
    context = browser.new_context(**options)
    try:
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(10_000)
        view = Opened(page, file)
        page.on("request", lambda request: view.requests.append(request.url))
        page.on("console", lambda message: view.console.append(_told(message)))
        page.on("pageerror", lambda error: view.errors.append(error.stack or str(error)))
        page.goto(file.as_uri() + (f"#{fragment}" if fragment else ""))
        yield view
        view.check()
    finally:
        context.close()


def _told(message: ConsoleMessage) -> str:
    return f"{message.type}: {message.text}"
