"""What a record says of where a run comes from, as a page shows it."""

from collections.abc import Mapping
from typing import Any

from seedbed.page.document import Failure
from seedbed.page.privacy import plain_lines
from seedbed.runs.provenance.secrets import plain_word

# Letters of a text that are shown; others may have written it.
MOST_LETTERS, MOST_LETTERS_OF_TRACEBACK = 2_000, 20_000
SPLITS = {"train": "to train on", "val": "to validate", "test": "to test"}


def command_of(record: Mapping[str, Any]) -> str:
    """Return the command of a record."""
    return _text(record.get("command"))


def versions_of(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions of packages, by name."""
    versions = record.get("versions")
    known = versions.items() if isinstance(versions, Mapping) else ()
    return {str(name): _text(version) for name, version in known}


def git_of(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return commit, branch and whether files differed; None where nothing is known."""
    git = record.get("git")
    if not isinstance(git, Mapping):
        return None
    commit, branch = git.get("commit"), git.get("branch")
    return {
        "commit": None if commit is None else _text(commit),
        "branch": None if branch is None else _text(branch),
        "dirty": git.get("dirty") is True,
    }


def data_of(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return name, fingerprint and numbers of rows of the data; None where nothing is known."""
    data = record.get("data")
    if not isinstance(data, Mapping):
        return None
    rows = data.get("rows")
    counts = rows.items() if isinstance(rows, Mapping) else ()
    said = {
        "name": _text(data.get("choice")),
        "fingerprint": _text(data.get("fingerprint")),
        "fingerprint of": _text(data.get("fingerprint_of")),
        "rows": ", ".join(f"{_text(count)} {SPLITS.get(str(s), s)}" for s, count in counts),
    }
    return {key: text for key, text in said.items() if text}


def host_of(record: Mapping[str, Any]) -> list[str]:
    """Return the name of the machine that a run was on, which the page must not tell."""
    process = record.get("process")
    host = process.get("host") if isinstance(process, Mapping) else None
    return [host, host.partition(".")[0]] if isinstance(host, str) and host else []


def labels_in(name: str | None, tags: object, notes: str | None) -> dict[str, Any]:
    """Return name, tags and notes, as far as there are some."""
    words = [_text(tag) for tag in tags] if isinstance(tags, list | tuple) else []
    labels = {"name": _text(name), "tags": words, "notes": _text(notes)}
    return {key: value for key, value in labels.items() if value}


def failure(error: str, record: Mapping[str, Any]) -> Failure:
    """Return the error of a job, with the traceback that its record has."""
    trace = record.get("traceback")
    shown = plain_lines(trace, MOST_LETTERS_OF_TRACEBACK) if isinstance(trace, str) else None
    return Failure(plain_lines(error, MOST_LETTERS), shown)


def _text(value: object) -> str:
    return "" if value is None else plain_word(str(value)[:MOST_LETTERS])
