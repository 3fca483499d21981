"""Modules of the user's that are imported from the copies in a run's folder."""

import hashlib
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from seedbed.runs.folder import RunFolder
from seedbed.runs.provenance.importing import KeptSources, importing_kept, other_sources


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Return a run folder with the copies of some modules."""
    sources = {
        "kept_alone.py": "from kept_beside import VALUE\n",
        "kept_beside.py": "VALUE = 7\n",
        "kept_package/__init__.py": "",
        "kept_package/inner.py": "from kept_package import __name__ as NAME\n",
        "kept_space/deep.py": "HERE = __file__\n",
        "json.py": "raise AssertionError('a copy takes the place of what is installed')\n",
    }
    for name, text in sources.items():
        path = tmp_path / "provenance" / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return RunFolder(tmp_path)


def record(folder: RunFolder, *names: str) -> dict[str, Any]:
    """Return what the record of a run says of the sources of these modules."""
    sources = {}
    for name in names:
        path = folder.path / "provenance" / "sources" / name.replace(".", "/")
        package = path.is_dir()
        file = path / "__init__.py" if package else path.with_suffix(".py")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        sources[name] = {"file": file.name, "sha256": digest, "package": package}
    return {"sources": sources}


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Forget the modules of the tests, so that each is imported anew."""
    yield
    for name in [name for name in sys.modules if name.startswith("kept_")]:
        del sys.modules[name]


ALL = ("kept_alone", "kept_beside", "kept_package", "kept_package.inner", "kept_space.deep")


def test_a_trusted_module_is_imported_with_those_that_it_imports(folder: RunFolder) -> None:
    finder = KeptSources(folder, record(folder, *ALL))

    with importing_kept(finder, ["kept_alone"], first=False):
        assert import_module("kept_alone").VALUE == 7
        assert import_module("kept_package.inner").NAME == "kept_package"
        assert import_module("kept_space.deep").HERE.endswith("sources/kept_space/deep.py")

    assert finder.used == ["kept_alone", "kept_beside", *ALL[2:]]
    with pytest.raises(ModuleNotFoundError):
        import_module("kept_nowhere")


def test_nothing_is_imported_without_trust(folder: RunFolder) -> None:
    finder = KeptSources(folder, record(folder, *ALL))

    with (
        importing_kept(finder, ["another", "kept"], first=True),
        pytest.raises(ModuleNotFoundError),
    ):
        import_module("kept_alone")


def test_a_copy_that_was_changed_is_not_run(folder: RunFolder) -> None:
    fields = record(folder, *ALL)
    (folder.path / "provenance/sources/kept_beside.py").write_text("VALUE = 8\n")

    with (
        importing_kept(KeptSources(folder, fields), ["kept_alone"], first=True),
        pytest.raises(ModuleNotFoundError, match="kept_beside"),
    ):
        import_module("kept_alone")


def test_a_link_that_leads_out_is_not_followed(folder: RunFolder, tmp_path: Path) -> None:
    fields = record(folder, *ALL)
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere.py"
    path = folder.path / "provenance/sources/kept_beside.py"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)

    with (
        importing_kept(KeptSources(folder, fields), ["kept_alone"], first=True),
        pytest.raises(Exception, match="leads out of the folder"),
    ):
        import_module("kept_alone")


@pytest.mark.parametrize("first", [True, False])
def test_what_is_installed_is_never_replaced(folder: RunFolder, first: bool) -> None:
    finder = KeptSources(folder, record(folder, "json", *ALL))
    json = sys.modules.pop("json")
    try:
        with importing_kept(finder, ["json", "kept_alone"], first=first):
            import_module("json")
    finally:
        sys.modules["json"] = json
    assert finder.used == []


@pytest.mark.parametrize(("first", "value"), [(True, 7), (False, 1)])
def test_the_working_folder_goes_before_the_copies_unless_they_are_wished(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool, value: int
) -> None:
    working = tmp_path / "working"
    working.mkdir()
    (working / "kept_alone.py").write_text("VALUE = 1\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr("seedbed.config.trust.module_path._folders", (str(working),))
    finder = KeptSources(folder, record(folder, *ALL))

    with importing_kept(finder, ["kept_alone"], first=first):
        assert value == import_module("kept_alone").VALUE
        assert other_sources(finder) == ([] if first else ["kept_alone"])


@pytest.mark.parametrize(
    "sources",
    [
        {"../../evil": {"sha256": "0" * 64}},
        {"a.b c": {"sha256": "0" * 64}},
        {"kept_alone": {"sha256": 3}},
        {"kept_alone": {}},
        None,
    ],
)
def test_odd_records_name_no_modules(folder: RunFolder, sources: Any) -> None:
    assert KeptSources(folder, {"sources": sources}).modules == {}
