"""Files that appear whole or not at all, and locks between processes."""

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import pytest
from filelock import FileLock

from seedbed.errors import ConfigError
from seedbed.files import TEMPORARY, atomic_file, locked, temporary_path, write_atomically


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file"

    write_atomically(path, b"first")
    write_atomically(path, b"second")

    assert path.read_text() == "second"
    assert os.listdir(path.parent) == ["file"]


def test_until_the_new_file_is_whole_the_old_one_is_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    with atomic_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
        # A rename is atomic within a folder.
        (temporary,) = set(tmp_path.iterdir()) - {path}
        assert temporary.read_text() == "new"

    assert path.read_text() == "new"


def write_half(path: Path) -> None:
    with atomic_file(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    with pytest.raises(KeyboardInterrupt):
        write_half(path)

    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_killed_process_leaves_the_old_file_and_what_is_known_as_a_leftover(
    tmp_path: Path,
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    code = (
        "import os, signal; from pathlib import Path\n"
        "from seedbed.files import atomic_file\n"
        f"with atomic_file(Path({str(path)!r})) as file:\n"
        "    file.write(b'half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    ended = subprocess.run([sys.executable, "-c", code], timeout=60)

    assert ended.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    (leftover,) = set(tmp_path.iterdir()) - {path}
    assert TEMPORARY.fullmatch(leftover.name)


@pytest.mark.parametrize(("mask", "expected"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_file_has_the_permissions_of_any_new_file(
    tmp_path: Path, mask: int, expected: int
) -> None:
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "file", b"")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == expected


def test_temporary_names_cannot_be_foreseen(tmp_path: Path) -> None:
    assert len({temporary_path(tmp_path / "file") for _ in range(100)}) == 100


def test_a_symbolic_link_under_the_temporary_name_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").write_text("other")
    link = tmp_path / ".file.0.tmp"
    link.symlink_to(tmp_path / "other")
    monkeypatch.setattr("seedbed.files.temporary_path", lambda path: link)

    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "file", b"mine")

    assert (tmp_path / "other").read_text() == "other"


# Locks.


def test_a_lock_that_is_held_is_refused_with_what_holds_it(tmp_path: Path) -> None:
    with (
        FileLock(tmp_path / "lock"),
        pytest.raises(ConfigError, match=r"^a run is busy; wait for it or stop it$"),
        locked(tmp_path / "lock", "a run is busy"),
    ):
        pytest.fail("the lock was given to two")


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path / "lock", "busy"):
        raise KeyError

    with locked(tmp_path / "lock", "busy"):
        pass


def test_waiting_for_a_lock_is_told_and_ends_when_it_is_free(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order: list[str] = []
    held = threading.Event()

    def hold_for_a_moment() -> None:
        with FileLock(tmp_path / "lock"):
            held.set()
            time.sleep(0.2)
            order.append("released")

    other = threading.Thread(target=hold_for_a_moment)
    other.start()
    assert held.wait(10)
    with locked(tmp_path / "lock", "data: a process fetches it", wait=True):
        order.append("held")
    other.join()

    assert order == ["released", "held"]
    assert capsys.readouterr().err == "data: a process fetches it; waiting for it\n"


@pytest.mark.parametrize("taken", [False, True])
def test_a_file_system_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    def link(source: Path, destination: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", link)
    path = tmp_path / "file"
    if taken:
        path.write_text("of the user")
    refused = pytest.raises(FileExistsError) if taken else nullcontext()
    with refused, atomic_file(path, new=True) as file:
        file.write(b"new")
    assert path.read_text() == ("of the user" if taken else "new")
    assert list(tmp_path.iterdir()) == [path]
