"""The checks at the end of every test of the page notice what they are there for."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.page.browser import opened

POLICY = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"


def test_what_a_page_may_not_do_is_noticed(browser: Browser, tmp_path: Path) -> None:
    faults = {
        "<script>console.error('broken')</script>": "error: broken",
        "<script>undefinedName()</script>": "undefinedName",
        "<img src=https://example.invalid/x.png>": "request: https://example.invalid",
        "<img src=/etc/hostname>": "request: file:///etc/hostname",
        "<script>({})['__proto__'].x = 1</script>": "every object has: x",
    }
    complaints = complained(browser, tmp_path, "".join(faults))
    assert all(named in complaints for named in faults.values()), complaints
    assert "forbidden: script-src" in complained(browser, tmp_path, f"{POLICY}<script>1</script>")


def complained(browser: Browser, folder: Path, body: str) -> str:
    """Return what the check at the end of a page says."""
    file = folder / "page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8><title>x</title>{body}")
    with pytest.raises(AssertionError) as raised, opened(browser, file):
        pass
    return str(raised.value)


def test_a_page_that_keeps_to_itself_passes(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("<!doctype html><meta charset=utf-8><title>x</title><script>let x = 1</script>")
    with opened(browser, file) as view:
        assert view.page.title() == "x"
