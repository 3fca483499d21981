"""FashionMNIST's files: the order of the sources, and that nothing damaged is ever used."""

import errno
import functools
import gzip
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from seedbed.data.datasets import fashion_mnist_files
from seedbed.data.datasets.fashion_mnist_files import (
    CLASS_NAMES,
    FILES,
    FashionMNISTArrays,
    load_fashion_mnist,
    obtain_file,
)
from seedbed.data.datasets.idx import write_idx
from seedbed.errors import DataError

REPOSITORY = Path(__file__).parents[3]
SCRIPT = REPOSITORY / "scripts" / "fetch_fashion_mnist.sh"

NAME = "t10k-labels-idx1-ubyte"
CONTENT = bytes(range(256)) * 16
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that stands for the system's copy; no other source answers."""
    folder = tmp_path / "system"
    folder.mkdir()
    monkeypatch.setattr(fashion_mnist_files, "SYSTEM_FOLDER", folder)
    monkeypatch.setattr(fashion_mnist_files, "SOURCES", ())
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "fashion_mnist"
    folder.mkdir(parents=True)
    return folder


def names_left(folder: Path) -> set[str]:
    """The names in a folder, but for lock files, which stay by design."""
    return {path.name for path in folder.iterdir() if path.suffix != ".lock"}


def test_uncompressed_file_of_the_data_folder_comes_first(system: Path, folder: Path) -> None:
    (folder / NAME).write_bytes(CONTENT)
    (folder / f"{NAME}.gz").write_bytes(b"not looked at")
    (system / f"{NAME}.gz").write_bytes(b"not looked at")

    assert obtain_file(folder, NAME, SHA256) == CONTENT


def test_archive_of_the_data_folder_comes_second(system: Path, folder: Path) -> None:
    (folder / f"{NAME}.gz").write_bytes(gzip.compress(CONTENT))
    (system / f"{NAME}.gz").write_bytes(b"not looked at")

    assert obtain_file(folder, NAME, SHA256) == CONTENT
    assert (folder / NAME).read_bytes() == CONTENT
    assert names_left(folder) == {NAME, f"{NAME}.gz"}


def test_system_copy_comes_third_and_is_kept(system: Path, tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet" / "there"
    (system / f"{NAME}.gz").write_bytes(gzip.compress(CONTENT))

    assert obtain_file(folder, NAME, SHA256) == CONTENT
    assert names_left(folder) == {NAME}

    (system / f"{NAME}.gz").unlink()
    assert obtain_file(folder, NAME, SHA256) == CONTENT


@pytest.mark.usefixtures("system")
def test_archives_on_the_network_come_last(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = tmp_path / "served"
    (served / "second").mkdir(parents=True)
    (served / "second" / f"{NAME}.gz").write_bytes(gzip.compress(CONTENT))

    with served_folder(served, monkeypatch) as url:
        mirrors = (f"{url}/first/", f"{url}/second/")
        monkeypatch.setattr(fashion_mnist_files, "SOURCES", mirrors)
        assert obtain_file(folder, NAME, SHA256) == CONTENT

    assert obtain_file(folder, NAME, SHA256) == CONTENT
    assert names_left(folder) == {NAME}


@contextmanager
def served_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            pass

    monkeypatch.setenv("no_proxy", "*")
    handler = functools.partial(Handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_content_is_writable_so_that_torch_does_not_warn(system: Path, folder: Path) -> None:
    (system / f"{NAME}.gz").write_bytes(gzip.compress(CONTENT))

    first, second = (obtain_file(folder, NAME, SHA256) for _ in range(2))

    assert np.frombuffer(first, dtype=np.uint8).flags.writeable
    assert np.frombuffer(second, dtype=np.uint8).flags.writeable


OTHER = CONTENT[:-1] + b"?"
FOUND = hashlib.sha256(OTHER).hexdigest()[:12]
ARCHIVE = gzip.compress(CONTENT)
DAMAGED = {
    "other content": ("data", NAME, OTHER, FOUND),
    "truncated": ("data", NAME, CONTENT[:-1], hashlib.sha256(CONTENT[:-1]).hexdigest()[:12]),
    "other archive": ("data", f"{NAME}.gz", gzip.compress(OTHER), FOUND),
    "truncated archive": ("data", f"{NAME}.gz", ARCHIVE[:-9], "truncated gzip"),
    "no archive": ("data", f"{NAME}.gz", CONTENT, "damaged gzip"),
    "other system copy": ("system", f"{NAME}.gz", gzip.compress(OTHER), FOUND),
    "truncated system copy": ("system", f"{NAME}.gz", ARCHIVE[:-9], "truncated gzip"),
    "damaged deflate stream": ("system", f"{NAME}.gz", ARCHIVE[:10] + b"\xff" * 99, "damaged gzip"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_file_is_named_and_never_used(system: Path, folder: Path, damage: str) -> None:
    place, name, content, found = DAMAGED[damage]
    damaged = {"data": folder, "system": system}[place] / name
    if place == "data":  # a good copy behind it must not hide the damage
        (system / f"{NAME}.gz").write_bytes(ARCHIVE)
    damaged.write_bytes(content)

    with pytest.raises(DataError) as caught:
        obtain_file(folder, NAME, SHA256)

    message = str(caught.value)
    assert message.startswith(f"{damaged}: ")
    assert found in message
    assert SHA256[:12] in message
    assert "Delete it" in message
    assert len(message.splitlines()) <= 2
    assert damaged.read_bytes() == content
    assert names_left(folder) == ({name} if place == "data" else set())


def test_run_after_deleting_the_damaged_file_succeeds(system: Path, folder: Path) -> None:
    (folder / NAME).write_bytes(OTHER)
    (system / f"{NAME}.gz").write_bytes(ARCHIVE)
    with pytest.raises(DataError):
        obtain_file(folder, NAME, SHA256)

    (folder / NAME).unlink()

    assert obtain_file(folder, NAME, SHA256) == CONTENT


@pytest.mark.usefixtures("system")
def test_folder_in_place_of_a_file_is_named(folder: Path) -> None:
    (folder / NAME).mkdir()

    with pytest.raises(DataError, match=f"{NAME}: cannot be read: is a directory"):
        obtain_file(folder, NAME, SHA256)


def no_name_resolution(host: str, *arguments: object, **named: object) -> list[object]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_no_source_names_the_folder_and_every_source_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The real sources on a machine without a network.
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", no_name_resolution)
    monkeypatch.setattr(fashion_mnist_files, "SYSTEM_FOLDER", tmp_path / "system")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")

    with pytest.raises(DataError) as caught:
        load_fashion_mnist(tmp_path / "data")

    message = str(caught.value)
    assert len(message.splitlines()) == 2
    assert f"into {tmp_path / 'data' / 'fashion_mnist'}" in message
    assert f"{tmp_path / 'system'} (absent)" in message
    assert "s3-website.eu-central-1.amazonaws.com (name resolution failed)" in message
    assert "github.com (name resolution failed)" in message
    assert "apt-get download dataset-fashion-mnist" in message
    assert names_left(tmp_path / "data" / "fashion_mnist") == set()


@pytest.mark.usefixtures("system")
def test_apt_is_mentioned_only_where_there_is_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with pytest.raises(DataError) as caught:
        obtain_file(folder, NAME, SHA256)

    assert "apt-get" not in str(caught.value)


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Root may write anywhere, so where the tests run as root they become nobody."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


# The folders of these tests are not below tmp_path, which only its owner may enter.


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder that an ordinary user may read and not write to."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        yield Path(name)
        Path(name).chmod(0o755)


@pytest.fixture
def open_system(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A system's copy that everybody may read."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        Path(name, f"{NAME}.gz").write_bytes(ARCHIVE)
        monkeypatch.setattr(fashion_mnist_files, "SYSTEM_FOLDER", Path(name))
        yield Path(name)


@pytest.mark.usefixtures("open_system")
@pytest.mark.parametrize("below", ["", "fashion_mnist"])
def test_closed_data_folder_works_with_the_system_copy(closed_folder: Path, below: str) -> None:
    with as_ordinary_user():
        assert obtain_file(closed_folder / below, NAME, SHA256) == CONTENT

    assert list(closed_folder.iterdir()) == []


@pytest.mark.usefixtures("open_system")
def test_data_folder_that_may_not_be_entered_works_with_the_system_copy(
    closed_folder: Path,
) -> None:
    closed_folder.chmod(0o000)

    with as_ordinary_user():
        assert obtain_file(closed_folder, NAME, SHA256) == CONTENT


@pytest.mark.usefixtures("system")
def test_closed_data_folder_without_any_copy_is_named(closed_folder: Path) -> None:
    with as_ordinary_user(), pytest.raises(DataError, match="cannot be written") as caught:
        obtain_file(closed_folder, NAME, SHA256)

    assert str(closed_folder) in str(caught.value)


def test_full_disk_is_an_error_and_leaves_nothing(
    system: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (system / f"{NAME}.gz").write_bytes(ARCHIVE)

    def no_space(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_space)

    with pytest.raises(DataError, match=rf"{NAME}: cannot be written \(No space left"):
        obtain_file(folder, NAME, SHA256)

    assert names_left(folder) == set()


@pytest.mark.usefixtures("system")
def test_each_file_becomes_its_own_array(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = {
        "train-images-idx3-ubyte": (3, 28, 28),
        "train-labels-idx1-ubyte": (3,),
        "t10k-images-idx3-ubyte": (2, 28, 28),
        "t10k-labels-idx1-ubyte": (2,),
    }
    assert list(FILES) == list(shapes)
    digests = {}
    for number, (name, shape) in enumerate(shapes.items()):
        write_idx(folder / name, np.full(shape, number, dtype=np.uint8))
        digests[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    monkeypatch.setattr(fashion_mnist_files, "FILES", digests)

    loaded = load_fashion_mnist(folder.parent)

    arrays = (loaded.train_images, loaded.train_labels, loaded.test_images, loaded.test_labels)
    assert [array.shape for array in arrays] == list(shapes.values())
    assert [array.flat[0] for array in arrays] == [0, 1, 2, 3]
    joined = "".join(digests.values())
    assert loaded.fingerprint == hashlib.sha256(joined.encode()).hexdigest()


# The real images, where this machine has them.


@pytest.fixture(scope="module")
def real() -> FashionMNISTArrays:
    data_folder = REPOSITORY / "data"
    candidates = (data_folder / "fashion_mnist", fashion_mnist_files.SYSTEM_FOLDER)
    for name in FILES:
        if not any(
            (folder / f"{name}{suffix}").exists() for folder in candidates for suffix in ("", ".gz")
        ):
            pytest.skip(f"no {name} in {candidates[0]} or {candidates[1]}; `{SCRIPT}` fetches it")
    return load_fashion_mnist(data_folder)


def test_real_shapes(real: FashionMNISTArrays) -> None:
    assert real.train_images.shape == (60_000, 28, 28)
    assert real.train_labels.shape == (60_000,)
    assert real.test_images.shape == (10_000, 28, 28)
    assert real.test_labels.shape == (10_000,)
    assert {array.dtype for array in (real.train_images, real.test_labels)} == {np.dtype(np.uint8)}


def test_real_classes_are_balanced(real: FashionMNISTArrays) -> None:
    assert np.bincount(real.train_labels).tolist() == [6000] * len(CLASS_NAMES)
    assert np.bincount(real.test_labels).tolist() == [1000] * len(CLASS_NAMES)


def test_real_statistics_are_the_published_ones(real: FashionMNISTArrays) -> None:
    # Mean and deviation of the training grey levels in 0..1 as used all over the literature.
    assert real.train_images.mean() / 255 == pytest.approx(0.2860, abs=5e-5)
    assert real.train_images.std(dtype=np.float32) / 255 == pytest.approx(0.3530, abs=5e-5)


def test_real_first_test_images_are_what_their_labels_say(real: FashionMNISTArrays) -> None:
    # As published under the pictures of TensorFlow's tutorial on this data set.
    pictured = (
        "Ankle boot, Pullover, Trouser, Trouser, Shirt, Trouser, Coat, Shirt, Sandal, Sneaker"
    )
    assert ", ".join(CLASS_NAMES[label] for label in real.test_labels[:10]) == pictured
    # Trousers are narrow: the columns at the left edge are empty, where a pullover has a sleeve.
    assert real.test_images[2:4, :, :8].max() == 0
    assert real.test_images[1, :, :8].max() > 0


def test_real_fingerprint(real: FashionMNISTArrays) -> None:
    assert real.fingerprint == "d1fd84a877f3b78fa9a171b3de73f93e7b6f69ed94bada3feae9d96821401f5c"


# The script that fetches Debian's package.


def run_script(data_folder: Path, commands: Path) -> str:
    """Run it with `commands` before the system's in the search path; return its only line."""
    environment = {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}"}
    result = subprocess.run(
        [str(SCRIPT), str(data_folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder of stand-ins for apt-get and dpkg-deb, which deliver a package of empty archives."""
    folder = tmp_path / "commands"
    folder.mkdir()
    write_command(folder / "apt-get", "touch dataset-fashion-mnist_1_all.deb")
    write_command(
        folder / "dpkg-deb",
        'mkdir -p "$3/usr/share/datasets/fashion-mnist"\n'
        'cd "$3/usr/share/datasets/fashion-mnist"\n'
        + "\n".join(f"echo {name} >{name}.gz" for name in FILES),
    )
    return folder


def write_command(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_script_moves_the_packaged_archives_into_the_data_folder(
    tmp_path: Path, commands: Path
) -> None:
    folder = tmp_path / "data folder" / "fashion_mnist"

    assert "fetched" in run_script(folder.parent, commands)
    assert {path.name: path.read_text().strip() for path in folder.iterdir()} == {
        f"{name}.gz": name for name in FILES
    }


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_script_does_nothing_where_the_files_are(folder: Path, commands: Path, suffix: str) -> None:
    for name in FILES:
        (folder / f"{name}{suffix}").write_bytes(b"mine")

    assert "already there" in run_script(folder.parent, commands)
    assert {path.read_bytes() for path in folder.iterdir()} == {b"mine"}


def test_script_without_a_source_succeeds_and_leaves_nothing(folder: Path, commands: Path) -> None:
    write_command(commands / "apt-get", "echo 'E: Failed to fetch it' >&2; exit 100")

    line = run_script(folder.parent, commands)

    assert "no source" in line
    assert "tests on real images will be skipped" in line
    assert list(folder.iterdir()) == []
