"""The list of installed packages is that of the metadata, without secrets in addresses."""

import re
from importlib.metadata import distributions
from pathlib import Path

import pytest

from seedbed.runs.provenance import packages
from seedbed.runs.provenance.packages import packages_text


def test_it_names_what_the_metadata_names() -> None:
    known = {}
    for package in distributions():
        known.setdefault(re.sub(r"[-_.]+", "-", package.name).lower(), package.version)

    text = packages_text()

    for name, version in known.items():
        line = re.escape(f"{name}=={version}")
        assert re.search(rf"(?m)^(.*# )?{line}$", text) or f"{name} @ " in text
    assert len(text.splitlines()) == len(known)


DIRECT = {
    '{"url": "https://me:pass@host/a.whl?token=x"}': "a-b @ https://host/a.whl",
    '{"url": "https://host/r", "vcs_info": {"vcs": "git", "commit_id": "ab"}}': (
        "a-b @ git+https://host/r@ab"
    ),
    '{"url": "file:///home/x", "dir_info": {"editable": true}}': "-e file:///home/x  # a-b==1.0",
    "{damaged": "a-b==1.0",
    "[1]": "a-b==1.0",
}


@pytest.mark.parametrize(("content", "line"), DIRECT.items())
def test_where_a_package_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, line: str
) -> None:
    folder = tmp_path / "A.b-1.0.dist-info"
    folder.mkdir()
    (folder / "direct_url.json").write_text(content)
    (tmp_path / "left_over.dist-info").mkdir()
    old = tmp_path / "old.egg-info"
    old.mkdir()
    (old / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: old\nVersion: 0.3\n")
    monkeypatch.setattr(packages.sys, "path", [str(tmp_path), str(tmp_path / "nowhere")])

    assert packages_text() == f"{line}\nold==0.3\n"
