"""Files of provenance: kept once, found by their hash, taken back."""

from pathlib import Path

import pytest

from seedbed.errors import RunFolderError
from seedbed.runs.folder import RunFolder
from seedbed.runs.provenance.files import ProvenanceFiles, hash_of, written
from seedbed.runs.provenance.kept import kept_file


def test_another_content_lies_beside_the_first_one(tmp_path: Path) -> None:
    files = ProvenanceFiles(tmp_path)
    digests = [files.keep("sources/a/b.py", text) for text in (b"1", b"2", b"1", b"2")]

    assert digests == [hash_of(b"1"), hash_of(b"2")] * 2
    names = {path.relative_to(tmp_path).as_posix() for path in written(tmp_path)}
    assert names == {
        "provenance/sources/a/b.py",
        f"provenance/sources-{hash_of(b'2')[:8]}/a/b.py",
    }
    assert [files.find("sources/a/b.py", digest) for digest in digests[:2]] == [b"1", b"2"]
    assert files.find("sources/a/b.py", hash_of(b"3")) is None
    files.discard()
    assert list(tmp_path.iterdir()) == []


def test_files_of_others_stay(tmp_path: Path) -> None:
    files = ProvenanceFiles(tmp_path)
    files.keep("packages.txt", b"a==1\n")
    other = tmp_path / "provenance" / "notes.txt"
    other.write_text("mine")

    assert other not in written(tmp_path)
    files.discard()
    assert [path.name for path in (tmp_path / "provenance").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("name", ["packages.txt", "sources/evil.py"])
def test_nothing_is_written_or_read_through_a_link(tmp_path: Path, name: str) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "run"
    elsewhere.mkdir()
    folder.mkdir()
    (folder / "provenance").symlink_to(elsewhere)
    (elsewhere / "packages.txt").write_bytes(b"x")

    with pytest.raises(RunFolderError, match="leads out"):
        ProvenanceFiles(folder).keep(name, b"x")
    with pytest.raises(RunFolderError, match="leads out"):
        ProvenanceFiles(folder).find("packages.txt", hash_of(b"x"))
    assert list(written(folder)) == []
    assert [path.name for path in elsewhere.iterdir()] == ["packages.txt"]


def test_a_job_finds_what_its_sweep_keeps(tmp_path: Path) -> None:
    digest = ProvenanceFiles(tmp_path).keep("packages.txt", b"a==1\n")
    job = RunFolder(tmp_path / "lr=1" / "3")

    assert kept_file(job, "packages.txt", digest) is None
    (tmp_path / "sweep.json").write_text("{}")
    assert kept_file(job, "packages.txt", digest) == b"a==1\n"
