"""FashionMNIST's files: the order of the sources, and that nothing damaged is ever used."""

import gzip
import hashlib
import multiprocessing
import os
import socket
import stat
import struct
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest

from seedbed.data.datasets import fashion_mnist_files
from seedbed.data.datasets.fashion_mnist_files import (
    FILES,
    FashionMNISTArrays,
    File,
    load_fashion_mnist,
    read_file,
)
from seedbed.errors import DataError

REPOSITORY = Path(__file__).parents[3]

NAME = "t10k-labels-idx1-ubyte"
CONTENT = bytes(range(256)) * 1024
ARCHIVE = gzip.compress(CONTENT)
FILE = File(NAME, hashlib.sha256(CONTENT).hexdigest(), hashlib.md5(ARCHIVE).hexdigest())
OTHER = CONTENT[:-1] + b"?"


@pytest.fixture(autouse=True)
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


# Where a file is found.


def test_uncompressed_file_of_the_data_folder_comes_first(system: Path, folder: Path) -> None:
    (folder / NAME).write_bytes(CONTENT)
    (folder / f"{NAME}.gz").write_bytes(b"not looked at")
    (system / f"{NAME}.gz").write_bytes(b"not looked at")

    assert read_file(folder, FILE) == CONTENT


def test_archive_of_the_data_folder_comes_second(system: Path, folder: Path) -> None:
    # Compressed in another way than the official archive, and in two members.
    recompressed = gzip.compress(CONTENT[:1000], 1) + gzip.compress(CONTENT[1000:], 1)
    (folder / f"{NAME}.gz").write_bytes(recompressed)
    (system / f"{NAME}.gz").write_bytes(b"not looked at")

    assert read_file(folder, FILE) == CONTENT


def test_system_copy_comes_third_and_needs_no_data_folder(system: Path, tmp_path: Path) -> None:
    (system / f"{NAME}.gz").write_bytes(gzip.compress(CONTENT, 1))

    assert read_file(tmp_path / "not" / "there", FILE) == CONTENT
    assert not (tmp_path / "not").exists()


def test_content_is_writable_so_that_torch_does_not_warn(system: Path, folder: Path) -> None:
    (system / f"{NAME}.gz").write_bytes(ARCHIVE)

    assert np.frombuffer(read_file(folder, FILE), dtype=np.uint8).flags.writeable


DAMAGED = {
    "other content": ("data", NAME, OTHER, hashlib.sha256(OTHER).hexdigest()[:12]),
    "truncated": ("data", NAME, CONTENT[:-1], hashlib.sha256(CONTENT[:-1]).hexdigest()[:12]),
    "other archive": ("data", f"{NAME}.gz", gzip.compress(OTHER), "damaged: its SHA-256"),
    "truncated archive": ("data", f"{NAME}.gz", ARCHIVE[:-9], "ended before the end-of-stream"),
    "no archive": ("data", f"{NAME}.gz", CONTENT, "Not a gzipped file"),
    "other system copy": ("system", f"{NAME}.gz", gzip.compress(OTHER), "damaged: its SHA-256"),
    "damaged deflate stream": ("system", f"{NAME}.gz", ARCHIVE[:10] + b"\xff" * 99, "Error -3"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_file_is_named_and_never_used(system: Path, folder: Path, damage: str) -> None:
    place, name, content, found = DAMAGED[damage]
    damaged = {"data": folder, "system": system}[place] / name
    if place == "data":  # a good copy behind it must not hide the damage
        (system / f"{NAME}.gz").write_bytes(ARCHIVE)
    damaged.write_bytes(content)

    with pytest.raises(DataError) as caught:
        read_file(folder, FILE)

    message = str(caught.value)
    assert message.startswith(f"{damaged}: ")
    assert found in message
    assert "Delete it" in message
    assert ("reinstall the package" in message) == (place == "system")
    assert len(message.splitlines()) == 2
    assert damaged.read_bytes() == content
    assert names_left(folder) == ({name} if place == "data" else set())


def test_an_archive_that_unpacks_without_end_is_given_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fashion_mnist_files, "LARGEST_FILE", 2**20)
    (folder / f"{NAME}.gz").write_bytes(gzip.compress(bytes(2**26)))

    tracemalloc.start()
    with pytest.raises(DataError, match="damaged"):
        read_file(folder, FILE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**24


def test_folder_in_place_of_a_file_is_named(folder: Path) -> None:
    (folder / NAME).mkdir()

    with pytest.raises(DataError, match=f"{NAME}: cannot be read: is a directory"):
        read_file(folder, FILE)


# Fetching.


@dataclass
class Site:
    """What a local server serves, by path, and what was asked of it."""

    url: str = ""
    bodies: dict[str, bytes] = field(default_factory=dict)
    announced_size: int | None = None
    seconds_before_answer: float = 0.0
    stop_stalling: threading.Event = field(default_factory=threading.Event)
    requests: list[str] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append(handler.path)
        body = self.bodies.get(handler.path)
        if body is None:
            handler.send_error(404)
            return
        time.sleep(self.seconds_before_answer)
        handler.send_response(200)
        size = len(body) if self.announced_size is None else self.announced_size
        if size >= 0:
            handler.send_header("Content-Length", str(size))
        handler.end_headers()
        handler.wfile.write(body)
        handler.wfile.flush()
        if size > len(body):
            self.stop_stalling.wait(20)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server that stands for the sources `first/` and `second/`."""
    monkeypatch.setenv("no_proxy", "*")
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.answer(self)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_port}"
    sources = (f"{site.url}/first/", f"{site.url}/second/")
    monkeypatch.setattr(fashion_mnist_files, "SOURCES", sources)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield site
    site.stop_stalling.set()
    server.shutdown()
    thread.join()
    server.server_close()


FIRST, SECOND = f"/first/{NAME}.gz", f"/second/{NAME}.gz"


def test_what_is_nowhere_is_fetched_once_and_kept(site: Site, tmp_path: Path) -> None:
    site.bodies = {FIRST: ARCHIVE}
    folder = tmp_path / "new" / "folder"

    assert [read_file(folder, FILE), read_file(folder, FILE)] == [CONTENT, CONTENT]

    assert site.requests == [FIRST]
    assert names_left(folder) == {f"{NAME}.gz"}
    # As an ordinary new file has them, so that who shares the folder can read it.
    (tmp_path / "ordinary").touch()
    ordinary = (tmp_path / "ordinary").stat().st_mode
    assert stat.filemode((folder / f"{NAME}.gz").stat().st_mode) == stat.filemode(ordinary)


def test_archive_of_unannounced_size_is_fetched(site: Site, folder: Path) -> None:
    site.bodies = {FIRST: ARCHIVE}
    site.announced_size = -1

    assert read_file(folder, FILE) == CONTENT


@pytest.mark.parametrize("first", [None, gzip.compress(OTHER), ARCHIVE[:-20], b"<html>", b""])
def test_second_source_serves_where_the_first_has_nothing_or_damage(
    site: Site, folder: Path, first: bytes | None
) -> None:
    site.bodies = {SECOND: ARCHIVE} | ({} if first is None else {FIRST: first})

    assert read_file(folder, FILE) == CONTENT
    assert site.requests == [FIRST, SECOND]


def test_damage_and_silence_of_all_sources_are_told_and_leave_nothing(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fashion_mnist_files, "TIMEOUT", 0.2)
    site.bodies = {FIRST: ARCHIVE[:100]}
    site.announced_size = len(ARCHIVE)

    with pytest.raises(DataError) as caught:
        read_file(folder, FILE)

    host = site.url.removeprefix("http://")
    assert f"{host} (ConnectionError), {host} (HTTP 404)" in str(caught.value)
    assert names_left(folder) == set()


def test_other_content_is_told_as_such(site: Site, folder: Path) -> None:
    site.bodies = {FIRST: b"<html>Please log in</html>"}

    with pytest.raises(DataError, match="does not match the known hash"):
        read_file(folder, FILE)

    assert names_left(folder) == set()


def test_download_without_end_is_given_up(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fashion_mnist_files, "LARGEST_FILE", len(ARCHIVE) - 1)
    site.bodies = {FIRST: ARCHIVE}

    with pytest.raises(DataError, match=f"larger than {len(ARCHIVE) - 1} bytes"):
        read_file(folder, FILE)


def test_without_a_network_folder_and_sources_are_named(
    system: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def no_name_resolution(*arguments: object, **named: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_name_resolution)
    sources = ("http://one.test/", "https://two.test/data/")
    monkeypatch.setattr(fashion_mnist_files, "SOURCES", sources)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")

    with pytest.raises(DataError) as caught:
        load_fashion_mnist(folder.parent)

    message = str(caught.value)
    assert len(message.splitlines()) == 2
    tried = f"{system} (absent), one.test (ConnectionError), two.test (ConnectionError)"
    assert f"tried {tried}\n" in message
    assert f"Put {', '.join(file.name for file in FILES)} (or each as .gz) into {folder}" in message
    assert "apt-get download dataset-fashion-mnist" in message
    assert names_left(folder) == set()

    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(DataError) as caught:
        load_fashion_mnist(folder.parent)
    assert "apt-get" not in str(caught.value)


# Forked, for ten interpreters that each import the package would start one after the other. The
# children only fetch, so that the threads that a fork leaves behind do not matter to them.
FORK = multiprocessing.get_context("fork")
forks = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def read_together(folder: Path, start: Barrier) -> None:
    start.wait(60)
    # Whoever waited has to find the whole file, and not merely an end to the waiting.
    assert read_file(folder, FILE) == CONTENT


@forks
def test_ten_processes_starting_together_make_one_request(site: Site, folder: Path) -> None:
    site.bodies = {FIRST: ARCHIVE}
    site.seconds_before_answer = 0.3  # so that all ten ask before the first has the file
    arguments = (folder, FORK.Barrier(10))

    processes = [FORK.Process(target=read_together, args=arguments) for _ in range(10)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0] * 10
    assert site.requests == [FIRST]
    assert names_left(folder) == {f"{NAME}.gz"}


@forks
def test_rest_of_a_killed_process_is_removed_by_the_next(site: Site, folder: Path) -> None:
    site.bodies = {FIRST: ARCHIVE[:1000]}
    site.announced_size = len(ARCHIVE)
    process = FORK.Process(target=read_file, args=(folder, FILE))
    process.start()
    wait_until(lambda: any(path.is_file() for path in folder.glob(".*.download/*")))
    process.kill()
    process.join(60)
    assert names_left(folder) == {f".{NAME}.gz.download"}

    site.bodies, site.announced_size = {FIRST: ARCHIVE}, None
    assert read_file(folder, FILE) == CONTENT
    assert names_left(folder) == {f"{NAME}.gz"}


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


# Folders that cannot be written to.


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


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder that an ordinary user may read and not write to; not below tmp_path, its owner's."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        yield Path(name)
        Path(name).chmod(0o755)


@pytest.mark.parametrize("mode", [0o555, 0o000])
@pytest.mark.parametrize("below", ["", "fashion_mnist"])
def test_data_folder_that_is_closed_works_with_the_system_copy(
    closed_folder: Path, below: str, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as system:
        Path(system).chmod(0o755)
        Path(system, f"{NAME}.gz").write_bytes(ARCHIVE)
        monkeypatch.setattr(fashion_mnist_files, "SYSTEM_FOLDER", Path(system))
        closed_folder.chmod(mode)
        with as_ordinary_user():
            assert read_file(closed_folder / below, FILE) == CONTENT


def test_closed_data_folder_without_any_copy_is_named(site: Site, closed_folder: Path) -> None:
    with as_ordinary_user(), pytest.raises(DataError, match="cannot be written") as caught:
        read_file(closed_folder / "fashion_mnist", FILE)

    assert str(closed_folder / "fashion_mnist") in str(caught.value)
    assert site.requests == []


# Arrays.


def test_each_file_becomes_its_own_array(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = ((3, 28, 28), (3,), (2, 28, 28), (2,))
    files = []
    for number, (file, shape) in enumerate(zip(FILES, shapes, strict=True)):
        # The format: two zeros, 8 for unsigned bytes, the number of dimensions, the dimensions.
        header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
        content = header + bytes([number]) * int(np.prod(shape))
        (folder / file.name).write_bytes(content)
        files.append(file._replace(sha256=hashlib.sha256(content).hexdigest()))
    monkeypatch.setattr(fashion_mnist_files, "FILES", files)

    loaded = load_fashion_mnist(folder.parent)

    arrays = (loaded.train_images, loaded.train_labels, loaded.test_images, loaded.test_labels)
    assert [array.shape for array in arrays] == list(shapes)
    assert [np.unique(array).tolist() for array in arrays] == [[0], [1], [2], [3]]
    joined = "".join(file.sha256 for file in files)
    assert loaded.fingerprint == hashlib.sha256(joined.encode()).hexdigest()


# The real images, where this machine has them.


@pytest.fixture(scope="module")
def real() -> FashionMNISTArrays:
    data_folder = REPOSITORY / "data"
    candidates = (data_folder / "fashion_mnist", fashion_mnist_files.SYSTEM_FOLDER)
    for file in FILES:
        if not any(
            (folder / f"{file.name}{suffix}").exists()
            for folder in candidates
            for suffix in ("", ".gz")
        ):
            pytest.skip(f"no {file.name} in {candidates[0]} or {candidates[1]}")
    return load_fashion_mnist(data_folder)


def test_real_shapes(real: FashionMNISTArrays) -> None:
    assert real.train_images.shape == (60_000, 28, 28)
    assert real.train_labels.shape == (60_000,)
    assert real.test_images.shape == (10_000, 28, 28)
    assert real.test_labels.shape == (10_000,)
    assert {array.dtype for array in (real.train_images, real.test_labels)} == {np.dtype(np.uint8)}


def test_real_classes_are_balanced(real: FashionMNISTArrays) -> None:
    assert np.bincount(real.train_labels).tolist() == [6000] * 10
    assert np.bincount(real.test_labels).tolist() == [1000] * 10


def test_real_statistics_are_the_published_ones(real: FashionMNISTArrays) -> None:
    # Mean and deviation of the training grey levels in 0..1 as used all over the literature.
    assert real.train_images.mean() / 255 == pytest.approx(0.2860, abs=5e-5)
    assert real.train_images.std(dtype=np.float32) / 255 == pytest.approx(0.3530, abs=5e-5)


def test_real_first_test_images_are_what_their_labels_say(real: FashionMNISTArrays) -> None:
    # As published under the pictures of TensorFlow's tutorial on this data set: ankle boot,
    # pullover, trouser, trouser, shirt, trouser, coat, shirt, sandal, sneaker.
    assert real.test_labels[:10].tolist() == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
    # Trousers are narrow: the columns at the left edge are empty, where a pullover has a sleeve.
    assert real.test_images[2:4, :, :8].max() == 0
    assert real.test_images[1, :, :8].max() > 0


def test_real_fingerprint(real: FashionMNISTArrays) -> None:
    assert real.fingerprint == "d1fd84a877f3b78fa9a171b3de73f93e7b6f69ed94bada3feae9d96821401f5c"
