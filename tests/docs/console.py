"""Console blocks of a document: commands with the lines that are shown below them.

A comment above a block says how tests take it:

    <!-- not run: REASON -->       its commands are not run, and a reader of the source sees why
    <!-- in tests: WORD ... -->    these words are added to each `seedbed train`, which then ends
                                   sooner; what it prints is not compared
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_BLOCK = re.compile(
    r"(?:^ *<!-- (?P<how>not run|in tests): (?P<what>[^\n]*?) -->\n+)?"
    r"^(?P<indent> *)```console\n(?P<text>.*?)^ *```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Command:
    """Command of a console block.

    Attributes:
        line: what is typed, without the prompt.
        shown: the lines below it.
        not_run: why it is not run; empty where it is.
        words: words that tests add.
    """

    line: str
    shown: tuple[str, ...]
    not_run: str = ""
    words: tuple[str, ...] = ()


def commands(text: str) -> list[Command]:
    """Return the commands of all console blocks of a document."""
    return [command for block in _BLOCK.finditer(text) for command in _of_block(block)]


def _of_block(block: re.Match[str]) -> list[Command]:
    lines = [line.removeprefix(block["indent"]) for line in block["text"].splitlines()]
    text = "\n".join(lines).replace("\\\n", " ")
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    what = block["what"] or ""
    not_run = what if block["how"] == "not run" else ""
    words = tuple(what.split()) if block["how"] == "in tests" else ()
    return [
        Command(line, tuple(shown), not_run, words)
        for line, *shown in (part.splitlines() for part in parts)
    ]


def shape(line: str) -> str:
    """Return a line without its numbers, rules and distances, which differ by machine and run."""
    line = re.sub(r"\d{4}-\d\d-\d\d/\d\d-\d\d-\d\d-[0-9a-f]+", "RUN", line)
    line = re.sub(r"^(best so far|importances) .*", r"\1", line)
    line = re.sub(r"\d[\d,.]*(e[+-]?\d+)?", "N", line)
    line = re.sub(r"in epoch N after step|after epoch N step", "at step", line)
    return " ".join(line.replace("─", "").split())
