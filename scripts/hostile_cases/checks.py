"""What must hold of every command, whatever folder or words it was given."""

import json
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

from scripts.hostile_cases.command_server import Outcome

from seedbed.page.html import page_html

MOST_MIB = 1_000
MOST_LETTERS = 1_500
# Of a page of few jobs: libraries, pictures and curves included.
MOST_OF_PAGE = 20_000_000
EMPTY = {"title": ""}
# A word of the files outside; whoever shows it has read them.
SECRET = "6d1c8f-secret"
# What steers a terminal: its controls but tab, line feed and carriage return, and what turns text.
STEERING = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

# What libraries keep in the user's home and in the folder of temporary files.
CACHES = (".config", ".cache", ".tensorboard-info", "torchinductor_root")

Snapshot = dict[str, tuple[int, int, int, str]]


def snapshot(folder: Path, without: tuple[Path, ...] = ()) -> Snapshot:
    """Return mode, size, time of change and link of all below a folder; some are left out."""
    seen: Snapshot = {}
    for path in sorted(folder.iterdir()):
        if path in without or path.name in CACHES:
            continue
        status = path.lstat()
        is_folder = path.is_dir() and not path.is_symlink()
        size, changed = (0, 0) if is_folder else (status.st_size, status.st_mtime_ns)
        link = str(path.readlink()) if path.is_symlink() else ""
        seen[str(path)] = (status.st_mode, size, changed, link)
        if is_folder:
            seen |= snapshot(path, without)
    return seen


def changes(before: Snapshot, after: Snapshot) -> list[str]:
    """Return what was created, changed or deleted between two snapshots."""
    names = sorted({*before, *after})
    words = {True: "changed", False: "deleted"}
    return [
        f"{'created' if name not in before else words[name in after]} {name}"
        for name in names
        if before.get(name) != after.get(name)
    ][:5]


def faults(outcome: Outcome, limit: float) -> list[str]:
    """Return what is wrong with a command's end, time, memory and words."""
    wrong = []
    both = outcome.out + outcome.err
    if outcome.code is None:
        wrong.append(f"not ended after {limit:g} s")
    elif outcome.code not in (0, 1, 2):
        wrong.append(f"exit code {outcome.code}")
    if outcome.mib > MOST_MIB:
        wrong.append(f"took {outcome.mib:.0f} MiB")
    if "Traceback (most recent call last)" in both:
        wrong.append(f"a traceback: {both.strip().splitlines()[-1][:200]}")
    if sign := STEERING.search(both):
        wrong.append(f"wrote {sign[0]!r} in {both[max(0, sign.start() - 60) : sign.end() + 9]!r}")
    if SECRET in both:
        wrong.append("showed a file of others")
    # A document is one line, however long.
    lines = [line for line in both.splitlines() if not line.startswith('{"format":"seedbed-')]
    if max(map(len, lines), default=0) > MOST_LETTERS:
        wrong.append("wrote a line of more than 1,500 letters")
    if outcome.code == 2 and not refused_well(outcome):
        wrong.append(f"exit code 2 without one to three lines that say why: {outcome.err[:300]!r}")
    if outcome.code == 1 and not outcome.err.strip() and "failed" not in outcome.out:
        wrong.append("exit code 1 without a word")
    return wrong


class _Elements(HTMLParser):
    """Names of the elements that a page opens, and the text of its document."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: Counter[str] = Counter()
        self.document, self._in_document = "", False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.opened[tag] += 1
        self._in_document = ("id", "document") in attributes

    def handle_endtag(self, tag: str) -> None:
        self._in_document = False

    def handle_data(self, data: str) -> None:
        self.document += data if self._in_document else ""


def page_faults(path: Path) -> list[str]:
    """Return what is wrong with a page: elements of a stranger's, or what others' files say."""
    text = path.read_text("utf-8")
    page, empty = _Elements(), _Elements()
    page.feed(text)
    empty.feed(page_html(EMPTY).decode())
    wrong = []
    if page.opened != empty.opened:
        wrong.append(f"the page has other elements: {page.opened - empty.opened}")
    if SECRET in text:
        wrong.append("the page shows a file of others")
    if any(str(folder) in text for folder in (path.parents[1], path.parents[2] / "home")):
        wrong.append("the page names the working folder, or the home")
    if len(text) > MOST_OF_PAGE:
        wrong.append(f"the page has {len(text):,} letters")
    try:
        json.loads(page.document)
    except ValueError as error:
        wrong.append(f"the document of the page is no JSON: {error}")
    return wrong


def refused_well(outcome: Outcome) -> bool:
    """Return whether a refused command said why in one to three lines."""
    lines = outcome.err.splitlines()
    said = [line for line in lines if line.startswith("seedbed: ")]
    return bool(said) and len(lines) - lines.index(said[0]) <= 3


def remove(folder: Path) -> None:
    """Remove a folder, whatever is in it."""
    shutil.rmtree(folder, ignore_errors=True)
