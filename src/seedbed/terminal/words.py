"""Texts of messages: paths, commands and counts."""

import shlex
from collections.abc import Mapping
from pathlib import Path


def dashboard_command(folder: Path) -> str:
    """Return the `seedbed dashboard` command of a folder, quoted for a shell."""
    return f"seedbed dashboard {shlex.quote(relative(folder))}"


def printable(text: str) -> str:
    """Return a text with a stand-in for each sign that could steer a terminal."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def few_digits(text: str, digits: int | None) -> str:
    """Return a number in a text with at most so many digits; None, or no number: as it is."""
    if digits is None or len(text) <= digits + 1 or text.lstrip("-").isdecimal():
        return text
    try:
        return f"{float(text):.{digits}g}"
    except ValueError:
        return text


def relative(path: Path) -> str:
    """Return a path relative to the working folder where it lies below it, else absolute."""
    absolute = path.resolve()
    working = Path.cwd()
    return str(absolute.relative_to(working)) if absolute.is_relative_to(working) else str(absolute)


def two_columns(meanings: Mapping[str, str], indent: str = "") -> str:
    """Return a line for each name with its meaning, the meanings below each other."""
    width = max(map(len, meanings))
    return "\n".join(f"{indent}{name:{width}}  {text}" for name, text in meanings.items())


def jobs_text(count: int) -> str:
    """Return a number of jobs with its noun: `1 job`, `1,000 jobs`."""
    return "1 job" if count == 1 else f"{count:,} jobs"
