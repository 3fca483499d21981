"""The checks at the end of every test of the page notice what they are there for."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.page.browser import opened

POLICY = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("<script>console.error('broken')</script>", "error: broken"),
        ("<script>undefinedName()</script>", "undefinedName"),
        ("<img src=https://example.invalid/x.png>", "example.invalid"),
        ("<img src=/etc/hostname>", "etc/hostname"),
        (f"{POLICY}<script>1</script>", "script-src"),
        ("<script>({})['__proto__'].x = 1</script>", "every object has: x"),
    ],
)
def test_what_a_page_may_not_do_is_noticed(
    browser: Browser, tmp_path: Path, body: str, named: str
) -> None:
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8><title>x</title>{body}")
    with pytest.raises(AssertionError, match=named), opened(browser, file):
        pass


def test_a_page_that_keeps_to_itself_passes(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("<!doctype html><meta charset=utf-8><title>x</title><script>let x = 1</script>")
    with opened(browser, file) as view:
        assert view.page.title() == "x"
