"""What differs before a run is trained again: code, versions, data, device."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from seedbed.errors import listed
from seedbed.runs.folder import RunFolder
from seedbed.runs.provenance.files import PACKAGES
from seedbed.runs.provenance.kept import kept_file

# Packages that are named each.
MOST_PACKAGES = 10


class Difference(NamedTuple):
    """What differs, in words, and its kind: code, module, version, package, data or device."""

    kind: str
    text: str


def differences(
    folder: RunFolder, before: Mapping[str, Any], now: Mapping[str, Any], packages: str
) -> list[Difference]:
    """Return what differs between two records, as far as both of them say it.

    Args:
        folder: Folder of the run that is repeated.
        before: Fields of its run.json.
        now: The fields of provenance that it would have now.
        packages: Text of the packages that are installed now.
    """
    return [
        *_code(before.get("git"), now.get("git")),
        *_modules(before.get("sources"), now.get("sources")),
        *_versions(before.get("versions"), now.get("versions")),
        *_packages(folder, before.get("packages"), packages),
        *data_differences(before.get("data"), now.get("data")),
        *_values("device", before, now, "device", "threads"),
    ]


def _code(before: Any, now: Any) -> Iterator[Difference]:
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        if (before is None) != (now is None):
            where = ("was trained in", "is repeated outside")
            words = where if now is None else ("was trained outside", "is repeated in")
            yield Difference("code", f"the run {words[0]} a git checkout, and {words[1]} one")
        return
    if before.get("commit") != now.get("commit"):
        yield Difference("code", f"commit {_short(before)}, now {_short(now)}")
    elif before.get("patch") != now.get("patch"):
        yield Difference("code", f"uncommitted changes: {_patch(before)}, now {_patch(now)}")


def _short(git: Mapping[str, Any]) -> str:
    commit = git.get("commit")
    return str(commit)[:10] + (" with changes" if git.get("dirty") else "")


def _patch(git: Mapping[str, Any]) -> str:
    patch = git.get("patch")
    return "none" if patch is None and not git.get("dirty") else str(patch or "unknown")[:10]


def _modules(before: Any, now: Any) -> Iterator[Difference]:
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return
    for name in dict.fromkeys([*before, *now]):
        hashes = [_hash(sources.get(name)) for sources in (before, now)]
        if hashes[0] == hashes[1]:
            continue
        if None in hashes:
            what = "is not imported now" if hashes[1] is None else "was not imported then"
        else:
            what = "is not the source that the run was trained with"
        yield Difference("module", f"{name}: {what}")


def _hash(source: Any) -> Any:
    return source.get("sha256") if isinstance(source, Mapping) else None


def _versions(before: Any, now: Any) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        yield from _values("version", before, now, *dict.fromkeys([*before, *now]))


def _values(
    kind: str, before: Mapping[str, Any], now: Mapping[str, Any], *names: str
) -> Iterator[Difference]:
    for name in names:
        if before.get(name) is not None and before.get(name) != now.get(name):
            yield Difference(kind, f"{name} {before[name]}, now {now.get(name)}")


def _packages(folder: RunFolder, digest: Any, now: str) -> Iterator[Difference]:
    text = kept_file(folder, PACKAGES, str(digest)) if digest else None
    if text is None:
        return
    before, after = _by_name(text.decode(errors="replace")), _by_name(now)
    changed = [
        f"{name} {before.get(name, 'none')}, now {after.get(name, 'none')}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    for line in changed[:MOST_PACKAGES]:
        yield Difference("package", line)
    if len(changed) > MOST_PACKAGES:
        yield Difference("package", f"and {len(changed) - MOST_PACKAGES:,} more")


def _by_name(text: str) -> dict[str, str]:
    """Return the version, or the address, of each package of a list."""
    packages = {}
    for line in text.splitlines():
        if line.startswith("-e "):
            name, _, version = line.rpartition("# ")[2].partition("==")
        else:
            name, _, version = line.replace(" @ ", "==", 1).partition("==")
        packages[name] = version
    return packages


def data_differences(before: Any, now: Any) -> Iterator[Difference]:
    """Yield how data differ from those of a run, by the field `data` of two records."""
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return
    comparable = before.get("fingerprint_of") == now.get("fingerprint_of")
    if comparable and before.get("fingerprint") != now.get("fingerprint"):
        yield Difference("data", f"other rows: the hash of {now.get('fingerprint_of')} differs")
    if before.get("rows") is not None and before.get("rows") != now.get("rows"):
        counts = [_counts(fields.get("rows")) for fields in (before, now)]
        yield Difference("data", f"rows: {counts[0]}; now {counts[1]}")
    elif before.get("splits") is not None and before.get("splits") != now.get("splits"):
        yield Difference("data", "other rows are held out")


def _counts(rows: Any) -> str:
    pairs = rows.items() if isinstance(rows, Mapping) else ()
    return listed([f"{split} {count}" for split, count in pairs]) or "none"
