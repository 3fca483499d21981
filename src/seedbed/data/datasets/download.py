"""Fetch a file over HTTP once, verified, however many processes ask for it."""

import gzip
import hashlib
import io
import os
import socket
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import filelock

from seedbed.errors import DataError

TIMEOUT = 10.0
"""Seconds that a server may stay silent before the next one is tried."""

SECONDS_BETWEEN_LINES = 10.0
"""How often progress is told where stderr is no terminal."""

SECONDS_OF_SILENT_WAITING = 2.0
"""How long a process waits for another one's lock before it says so."""

CHUNK_SIZE = 1 << 18


@dataclass(frozen=True)
class FailedSource:
    """One URL that did not provide the file, and why in a few words."""

    url: str
    reason: str

    def __str__(self) -> str:
        return f"{urlsplit(self.url).netloc} ({self.reason})"


class FetchError(DataError):
    """No URL provided the file; `failed_sources` says why, in the order tried."""

    def __init__(self, destination: Path, failed_sources: Sequence[FailedSource]) -> None:
        tried = ", ".join(map(str, failed_sources)) or "none given"
        super().__init__(
            f"{destination}: no source provided it; tried {tried}\n"
            f"Run again when one can be reached, or put the file there by hand."
        )
        self.failed_sources = tuple(failed_sources)


class _SourceError(Exception):
    """Ends the attempt with one URL; the message is the reason."""


def fetch(urls: Sequence[str], destination: Path, sha256: str, *, timeout: float = TIMEOUT) -> None:
    """Have the file at `destination`, from the first URL that provides it whole.

    What a URL ending in `.gz` serves is uncompressed on the way; `sha256` is the digest of what
    ends in the file. Any number of processes may call this together: one fetches, the others wait.
    A file that is already there is left as it is and not read. `timeout` is in seconds of silence,
    for each URL.

    Raises FetchError where no URL provides that content, and DataError where the folder cannot be
    written to. Neither leaves a part of the file behind.
    """
    failed_sources: list[FailedSource] = []
    try:
        with locked(destination):
            # Whoever held the lock before may have fetched it meanwhile.
            if destination.exists():
                return
            for url in urls:
                try:
                    _download(url, destination, sha256, timeout)
                except _SourceError as error:
                    failed_sources.append(FailedSource(url, str(error)))
                else:
                    return
    except OSError as error:
        raise cannot_write(destination, error) from error
    raise FetchError(destination, failed_sources)


@contextmanager
def locked(destination: Path) -> Iterator[None]:
    """Keep other processes from writing `destination`; its folder is made where it is missing.

    Raises OSError where the folder cannot be made or written to.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(destination.with_name(f".{destination.name}.lock"))
    try:
        lock.acquire(timeout=SECONDS_OF_SILENT_WAITING)
    except filelock.Timeout:
        _tell(f"{destination}: waiting for another process that is getting it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def placing(destination: Path) -> Iterator[BinaryIO]:
    """Give a file to write that becomes `destination` when the block ends without an error.

    Other processes see the whole file or none. To be used under `locked`: the temporary name is
    always the same, so that the rest of a killed process is overwritten and not left for ever.
    """
    part = destination.with_name(f".{destination.name}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            # Without it a power cut after the rename could leave an empty file under the name.
            os.fsync(file.fileno())
        part.replace(destination)
    finally:
        part.unlink(missing_ok=True)


def cannot_write(destination: Path, error: OSError) -> DataError:
    """Return the error that says why `destination` could not be written."""
    return DataError(
        f"{destination}: cannot be written ({error.strerror or error})\n"
        f"Make {destination.parent} a folder with room that can be written to, or choose another."
    )


def _download(url: str, destination: Path, sha256: str, timeout: float) -> None:
    digest = hashlib.sha256()
    with placing(destination) as file:
        for chunk in _uncompressed_chunks(url, destination.name, timeout):
            digest.update(chunk)
            file.write(chunk)
        if digest.hexdigest() != sha256:
            raise _SourceError(wrong_digest(digest.hexdigest(), sha256))


def _uncompressed_chunks(url: str, name: str, timeout: float) -> Iterator[bytes]:
    # Only what the source does wrong is caught here: an error of the consumer, such as a full
    # disk, passes by a generator and is not held against the mirror.
    try:
        with urlopen(url, timeout=timeout) as response:
            total = _content_length(response)
            with _shown_progress(f"{name} from {urlsplit(url).netloc}", total) as advance:
                stream: io.RawIOBase | gzip.GzipFile = _CountedResponse(response, total, advance)
                if urlsplit(url).path.endswith(".gz"):
                    stream = gzip.GzipFile(fileobj=io.BufferedReader(stream))
                while chunk := stream.read(CHUNK_SIZE):
                    yield chunk
    except (OSError, HTTPException, EOFError, zlib.error) as error:
        raise _SourceError(short_reason(error)) from error


def _content_length(response: HTTPResponse) -> int | None:
    value = response.headers.get("Content-Length")
    return int(value) if value is not None and value.isdecimal() else None


class _CountedResponse(io.RawIOBase):
    """A response that tells how much of it was read, and fails where it ends too early."""

    def __init__(
        self, response: HTTPResponse, total: int | None, advance: Callable[[int], None]
    ) -> None:
        self._response = response
        self._total = total
        self._advance = advance
        self._received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        count = self._response.readinto(buffer)
        self._received += count
        self._advance(count)
        # http.client reports a connection cut short like the end of the content.
        if count == 0 and self._total is not None and self._received < self._total:
            raise ConnectionError(
                f"connection closed after {self._received} of {self._total} bytes"
            )
        return count


def wrong_digest(found: str, expected: str) -> str:
    """Return how the SHA-256 of a content differs from the expected one, in a few words."""
    return f"damaged: its SHA-256 begins with {found[:12]}, expected {expected[:12]}"


def short_reason(error: Exception) -> str:
    """Return in a few words why reading from a server or from a gzip file failed."""
    if isinstance(error, HTTPError):
        return f"HTTP {error.code}"
    if isinstance(error, URLError) and isinstance(error.reason, Exception):
        return short_reason(error.reason)
    if isinstance(error, socket.gaierror):
        return "name resolution failed"
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, EOFError):
        return "truncated gzip"
    if isinstance(error, gzip.BadGzipFile | zlib.error):
        return f"damaged gzip: {error}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


@contextmanager
def _shown_progress(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Give a function to call with each number of bytes that arrived; `total` may be unknown."""
    show = _progress_bar if sys.stderr.isatty() else _progress_lines
    with show(label, total) as advance:
        yield advance


@contextmanager
def _progress_bar(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(label, total=total)
        yield lambda count: progress.advance(task, count)


@contextmanager
def _progress_lines(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    size = "size unknown" if total is None else f"{total / 1e6:.1f} MB"
    _tell(f"fetching {label} ({size})")
    received = 0
    last_line = time.monotonic()

    def advance(count: int) -> None:
        nonlocal received, last_line
        received += count
        if time.monotonic() - last_line >= SECONDS_BETWEEN_LINES:
            last_line = time.monotonic()
            _tell(f"fetching {label}: {received / 1e6:.1f} MB so far ({size})")

    yield advance


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
