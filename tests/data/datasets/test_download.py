"""Fetching: verified content or nothing, and one request however many processes ask."""

import errno
import gzip
import hashlib
import io
import multiprocessing
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from seedbed.data.datasets import download
from seedbed.data.datasets.download import FetchError, fetch, locked, placing
from seedbed.errors import DataError

CONTENT = bytes(range(256)) * 4096  # 1 MiB, several chunks
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Site:
    """What a local server serves, by path, and what was asked of it."""

    url: str = ""
    bodies: dict[str, bytes] = field(default_factory=dict)
    announced_sizes: dict[str, int] = field(default_factory=dict)
    seconds_before_answer: float = 0.0
    stalls: bool = False
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
        size = self.announced_sizes.get(handler.path, len(body))
        if size >= 0:
            handler.send_header("Content-Length", str(size))
        handler.end_headers()
        handler.wfile.write(body)
        handler.wfile.flush()
        if self.stalls:
            self.stop_stalling.wait(20)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
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
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield site
    site.stop_stalling.set()
    server.shutdown()
    thread.join()
    server.server_close()


def names_left(folder: Path) -> set[str]:
    """The names in a folder, but for lock files, which stay by design."""
    return {path.name for path in folder.iterdir() if path.suffix != ".lock"}


def test_plain_content_arrives(site: Site, tmp_path: Path) -> None:
    site.bodies["/file"] = CONTENT

    fetch([f"{site.url}/file"], tmp_path / "new" / "folder" / "file", SHA256)

    assert (tmp_path / "new" / "folder" / "file").read_bytes() == CONTENT
    assert names_left(tmp_path / "new" / "folder") == {"file"}


def test_gzip_is_uncompressed_and_the_digest_is_of_what_is_inside(
    site: Site, tmp_path: Path
) -> None:
    # Two members, as some compressors write them.
    site.bodies["/file.gz"] = gzip.compress(CONTENT[:1000]) + gzip.compress(CONTENT[1000:])

    fetch([f"{site.url}/file.gz"], tmp_path / "file", SHA256)

    assert (tmp_path / "file").read_bytes() == CONTENT


def test_content_of_unannounced_size_arrives(site: Site, tmp_path: Path) -> None:
    site.bodies["/file.gz"] = gzip.compress(CONTENT)
    site.announced_sizes["/file.gz"] = -1

    fetch([f"{site.url}/file.gz"], tmp_path / "file", SHA256)

    assert (tmp_path / "file").read_bytes() == CONTENT


def test_second_mirror_serves_where_the_first_has_nothing(site: Site, tmp_path: Path) -> None:
    site.bodies["/second/file.gz"] = gzip.compress(CONTENT)
    urls = [f"{site.url}/{mirror}/file.gz" for mirror in ("first", "second", "third")]

    fetch(urls, tmp_path / "file", SHA256)

    assert (tmp_path / "file").read_bytes() == CONTENT
    assert site.requests == ["/first/file.gz", "/second/file.gz"]


def test_second_mirror_serves_where_the_first_is_damaged(site: Site, tmp_path: Path) -> None:
    site.bodies["/first/file"] = CONTENT[:-1] + b"?"
    site.bodies["/second/file"] = CONTENT

    fetch([f"{site.url}/first/file", f"{site.url}/second/file"], tmp_path / "file", SHA256)

    assert (tmp_path / "file").read_bytes() == CONTENT


def flip_one_bit_of_the_checksum(archive: bytes) -> bytes:
    return archive[:-8] + bytes([archive[-8] ^ 1]) + archive[-7:]


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/file", CONTENT + b"?", hashlib.sha256(CONTENT + b"?").hexdigest()[:12]),
        ("/file.gz", gzip.compress(b"other"), hashlib.sha256(b"other").hexdigest()[:12]),
        ("/file.gz", gzip.compress(CONTENT)[:-20], "truncated gzip"),
        ("/file.gz", flip_one_bit_of_the_checksum(gzip.compress(CONTENT)), "damaged gzip: CRC"),
        ("/file.gz", gzip.compress(CONTENT)[:10] + b"\xff" * 99, "damaged gzip: Error -3"),
        ("/file.gz", b"<html>Please log in</html>", "damaged gzip: Not a gzipped file"),
        ("/file.gz", b"", "damaged: its SHA-256 begins with e3b0c44298fc"),
    ],
    ids=["longer", "other gzip", "truncated", "checksum", "deflate", "web page", "empty"],
)
def test_damaged_content_is_refused_and_nothing_is_left(
    site: Site, tmp_path: Path, path: str, body: bytes, reason: str
) -> None:
    site.bodies[path] = body

    with pytest.raises(FetchError) as caught:
        fetch([site.url + path], tmp_path / "file", SHA256)

    assert reason in str(caught.value)
    assert str(tmp_path / "file") in str(caught.value)
    assert names_left(tmp_path) == set()


def test_wrong_digest_is_told_with_the_expected_one(site: Site, tmp_path: Path) -> None:
    site.bodies["/file"] = b"other"

    with pytest.raises(FetchError, match=f"expected {SHA256[:12]}"):
        fetch([f"{site.url}/file"], tmp_path / "file", SHA256)


def test_connection_cut_short_is_told(site: Site, tmp_path: Path) -> None:
    site.bodies["/file"] = CONTENT[:1000]
    site.announced_sizes["/file"] = len(CONTENT)

    with pytest.raises(FetchError, match=f"connection closed after 1000 of {len(CONTENT)} bytes"):
        fetch([f"{site.url}/file"], tmp_path / "file", SHA256)

    assert names_left(tmp_path) == set()


def test_silent_server_times_out_and_the_next_one_serves(site: Site, tmp_path: Path) -> None:
    site.bodies["/file"] = CONTENT[:1000]
    site.announced_sizes["/file"] = len(CONTENT)
    site.stalls = True

    with pytest.raises(FetchError) as caught:
        fetch([f"{site.url}/file", f"{site.url}/404"], tmp_path / "file", SHA256, timeout=0.2)

    reasons = [source.reason for source in caught.value.failed_sources]
    assert reasons == ["timed out", "HTTP 404"]


def test_reasons_are_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refusing = f"http://127.0.0.1:{unused.getsockname()[1]}/file"

        def resolve(host: str, *arguments: object, **named: object) -> list[object]:
            if host != "127.0.0.1":
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", unused.getsockname())]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        with pytest.raises(FetchError) as caught:
            fetch([refusing, "http://mirror.test/file"], tmp_path / "file", SHA256)

    reasons = [source.reason for source in caught.value.failed_sources]
    assert reasons == ["connection refused", "name resolution failed"]
    assert "mirror.test (name resolution failed)" in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 2


def test_file_that_is_there_is_left_alone(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")

    fetch([f"{site.url}/file"], tmp_path / "file", SHA256)

    assert (tmp_path / "file").read_bytes() == b"mine"
    assert site.requests == []


# Forked, for ten interpreters that each import the package would start one after the other. The
# children only fetch, so that the threads that a fork leaves behind do not matter to them.
FORK = multiprocessing.get_context("fork")
forks = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def fetch_together(url: str, destination: Path, start: Barrier) -> None:
    start.wait(60)
    fetch([url], destination, SHA256)
    # Whoever waited has to find the whole file, and not merely an end to the waiting.
    assert destination.read_bytes() == CONTENT


@forks
def test_ten_processes_starting_together_make_one_request(site: Site, tmp_path: Path) -> None:
    site.bodies["/file.gz"] = gzip.compress(CONTENT)
    site.seconds_before_answer = 0.3  # so that all ten ask before the first has the file
    destination = tmp_path / "data" / "file"
    arguments = (f"{site.url}/file.gz", destination, FORK.Barrier(10))

    processes = [FORK.Process(target=fetch_together, args=arguments) for _ in range(10)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0] * 10
    assert site.requests == ["/file.gz"]
    assert destination.read_bytes() == CONTENT
    assert names_left(destination.parent) == {"file"}


@forks
def test_rest_of_a_killed_process_is_no_hindrance(site: Site, tmp_path: Path) -> None:
    site.bodies["/file"] = CONTENT[:500_000]
    site.announced_sizes["/file"] = len(CONTENT)
    site.stalls = True
    process = FORK.Process(target=fetch, args=([f"{site.url}/file"], tmp_path / "file", SHA256))
    process.start()
    wait_until(lambda: bool(names_left(tmp_path)))
    process.kill()
    process.join(60)
    assert names_left(tmp_path) == {".file.part"}

    site.stalls = False
    site.bodies["/file"] = CONTENT
    fetch([f"{site.url}/file"], tmp_path / "file", SHA256)

    assert (tmp_path / "file").read_bytes() == CONTENT
    assert names_left(tmp_path) == {"file"}


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def test_waiting_for_another_process_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = tmp_path / "file"
    told: list[str] = []
    locked_now, waited_for = threading.Event(), threading.Event()

    def tell(line: str) -> None:
        told.append(line)
        waited_for.set()

    def hold_the_lock_until_waited_for() -> None:
        with locked(destination):
            locked_now.set()
            waited_for.wait(10)
            with placing(destination) as file:
                file.write(CONTENT)

    monkeypatch.setattr(download, "SECONDS_OF_SILENT_WAITING", 0.05)
    monkeypatch.setattr(download, "_tell", tell)
    other = threading.Thread(target=hold_the_lock_until_waited_for)
    other.start()
    assert locked_now.wait(10)
    fetch([], destination, SHA256)
    other.join()

    assert told == [f"{destination}: waiting for another process that is getting it"]
    assert destination.read_bytes() == CONTENT


def test_placing_shows_the_whole_file_or_none(tmp_path: Path) -> None:
    destination = tmp_path / "file"
    destination.write_bytes(b"before")

    with placing(destination) as file:
        file.write(b"after")
        file.flush()
        assert destination.read_bytes() == b"before"
    assert destination.read_bytes() == b"after"


def test_placing_leaves_nothing_of_what_was_interrupted(tmp_path: Path) -> None:
    destination = tmp_path / "file"

    def write_half() -> None:
        with placing(destination) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()

    assert names_left(tmp_path) == set()


def test_full_disk_is_not_held_against_the_mirrors(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.bodies["/file"] = CONTENT

    def no_space(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_space)

    with pytest.raises(DataError, match=r"file: cannot be written \(No space left") as caught:
        fetch([f"{site.url}/file"] * 2, tmp_path / "file", SHA256)

    assert not isinstance(caught.value, FetchError)
    assert site.requests == ["/file"]
    assert names_left(tmp_path) == set()


@contextmanager
def folder_without_write_permission() -> Iterator[Path]:
    """A folder that this process may not write to; root has to be someone else for that."""
    # Not below tmp_path, which only its owner may enter.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(user)
            folder.chmod(0o755)


def test_folder_without_write_permission_is_named(site: Site) -> None:
    with (
        folder_without_write_permission() as folder,
        pytest.raises(DataError, match=r"cannot be written \(Permission denied") as caught,
    ):
        fetch([f"{site.url}/file"], folder / "file", SHA256)

    assert str(folder) in str(caught.value)
    assert site.requests == []


def test_progress_is_plain_lines_where_stderr_is_no_terminal(
    site: Site,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(download, "SECONDS_BETWEEN_LINES", 0.0)
    site.bodies["/file"] = CONTENT

    fetch([f"{site.url}/file"], tmp_path / "file", SHA256)

    captured = capsys.readouterr()
    host = site.url.removeprefix("http://")
    lines = captured.err.splitlines()
    assert lines[0] == f"fetching file from {host} (1.0 MB)"
    assert lines[-1] == f"fetching file from {host}: 1.0 MB so far (1.0 MB)"
    assert "\x1b" not in captured.err
    assert captured.out == ""


def test_few_lines_for_a_quick_download(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.bodies["/file"] = CONTENT

    fetch([f"{site.url}/file"], tmp_path / "file", SHA256)

    assert len(capsys.readouterr().err.splitlines()) == 1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_a_bar_on_a_terminal(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    site.bodies["/file.gz"] = gzip.compress(CONTENT, compresslevel=0)

    fetch([f"{site.url}/file.gz"], tmp_path / "file", SHA256)

    shown = terminal.getvalue()
    assert "file from 127.0.0.1" in shown
    assert "1.0/1.0 MB" in shown
    assert "\x1b" in shown
