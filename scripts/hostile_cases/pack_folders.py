"""Hostile packs: what becomes of the files of an honest sweep that has packed its jobs."""

from scripts.hostile_cases.odd_content import IN_PLACE, JSON_IN_PLACE
from scripts.hostile_cases.planting import GONE, Folder, Keys, Link, Many, Pickled, Special

PACK = "packed/0-4"
MANIFEST, WEIGHTS = f"{PACK}/pack.json", f"{PACK}/weights.safetensors"
TABLES = (f"{PACK}/runs.parquet", f"{PACK}/curves.parquet")
FILES = (MANIFEST, *TABLES, WEIGHTS)
NAMES = ("../../../../outside/made", "OUTSIDE/made", ".sweep/0", "packed/0", "a\x1b[31m", "")


def _folder(kind: str, name: str, files: dict[str, object]) -> Folder:
    return Folder(kind, name, files, opens=True)


PACK_FOLDERS = [
    *(
        _folder(f"odd {file.rpartition('/')[2]}", name, {file: content})
        for file in FILES
        for name, content in IN_PLACE.items()
    ),
    *(_folder("odd pack.json", name, {MANIFEST: c}) for name, c in JSON_IN_PLACE.items()),
    *(
        _folder("odd pack.json", f"a job {name!r}", {MANIFEST: Keys({"names": [name] * 4})})
        for name in NAMES
    ),
    _folder("odd pack.json", "another format", {MANIFEST: Keys({"format": 77})}),
    *(_folder("gone", file, {file: Special(GONE)}) for file in FILES),
    *(_folder("link outside", file, {file: Link("OUTSIDE/notes.txt")}) for file in FILES),
    _folder("link outside", "a pack", {PACK: Link("OUTSIDE/run")}),
    _folder("link outside", "all packs", {"packed": Link("OUTSIDE")}),
    _folder("link outside", "where a job would lie", {"0": Link("OUTSIDE")}),
    _folder("pickle", "weights", {WEIGHTS: Pickled()}),
    _folder("pickle", "plain weights", {WEIGHTS: Pickled(zipped=False)}),
    _folder("many files", "packs", {"packed": Many(30_000, "{number}-1", "{}")}),
]
