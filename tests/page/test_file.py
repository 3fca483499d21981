"""Where a page may be written, and what is never written over."""

import os
import re

import pytest

from seedbed.errors import ConfigError
from seedbed.page.file import is_page, require_place, size_text
from seedbed.page.html import MARK


def test_only_a_page_is_written_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page, other, link, pipe = (tmp_path / name for name in ("a.html", "b.html", "c.html", "d.html"))
    page.write_bytes(b"<!doctype html>" + MARK)
    other.write_bytes(b"mine" * 2_000 + MARK)
    link.symlink_to(page)
    os.mkfifo(pipe)
    assert is_page(page)
    require_place(page)
    require_place(tmp_path / "new.html")
    for path in (other, link, pipe):
        assert not is_page(path)
        with pytest.raises(ConfigError, match=re.escape("no page of Seedbed's")):
            require_place(path)
        require_place(path, overwrite=True)
    assert not is_page(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("true", "true: takes the name of an HTML file, such as page=report.html"),
        ("report.txt", "takes the name of an HTML file"),
        ("folder.html", "a folder; name a file in it: page=.*/folder.html/report.html"),
        (".", "a folder; name a file in it: page="),
        ("new/deeper/x.html", "x.html: no such folder: .*new/deeper$"),
        ("file/report.html", "is no folder that can be written to"),
    ],
)
def test_a_place_that_cannot_be_is_refused(name, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=message):
        require_place(tmp_path / name)


def test_sizes_are_said_as_people_say_them():
    assert [size_text(n) for n in (1_234, 99_900, 1_234_567)] == ["1 kB", "100 kB", "1.2 MB"]
