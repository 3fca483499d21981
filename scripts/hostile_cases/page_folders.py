"""Hostile folders for who makes a page of them: markup, pictures that are none, odd records.

They may be opened: what is odd is shown as text, or left out.
"""

import struct
import zlib
from typing import Any

import torch
from scripts.hostile_cases.planting import FIFO, Bomb, Folder, Keys, Link, Saved, Sparse, Special
from scripts.hostile_cases.run_folders import ESCAPES, RECORD

MARKUP = "</script><script>alert(document.domain)</script><img src=x onerror=alert(1)><!--"


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """Return a PNG that claims to be of a size, with more chunks before its few pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (b"IHDR" + header, *chunks, b"IDAT" + zlib.compress(b"\0" * 100), b"IEND")
    written = (
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
        for part in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


PICTURES: dict[str, dict[str, Any]] = {
    "a picture that is a zip bomb": {"figures/fit.png": Bomb(3 * 2**30)},
    "a picture of a terabyte": {"figures/fit.png": Sparse(2**40)},
    "a picture that is markup": {"figures/fit.png": "<svg onload='alert(1)'/>"},
    "a picture elsewhere": {"figures/fit.png": Link("OUTSIDE/notes.txt")},
    "pictures elsewhere": {"figures": Link("OUTSIDE")},
    "a picture that is a pipe": {"figures/fit.png": Special(FIFO)},
    "a picture whose name is markup": {f"figures/{MARKUP.replace('/', '∕')[:200]}.png": png(9, 9)},
    "a picture whose name steers a terminal": {f"figures/{ESCAPES}.png": png(9, 9)},
    "a picture of ten thousand million pixels": {"figures/fit.png": png(100_000, 100_000)},
    "a picture with a profile that is a bomb": {
        "figures/fit.png": png(9, 9, b"iCCPx\0\0" + zlib.compress(b"\0" * 10_000_000))
    },
    "a page that is a link": {"report.html": Link("OUTSIDE/notes.txt")},
}
RECORDS: dict[str, dict[str, Any]] = {
    "metrics of markup": {"metrics": {MARKUP: 1.0, ESCAPES: 2.0}},
    "labels of markup": {"name": MARKUP, "tags": [MARKUP, ESCAPES], "notes": MARKUP},
    "a command of markup": {"command": f"{MARKUP} {ESCAPES}"},
    "a command with an open quote": {"command": "seedbed train -m 'x"},
    "an error of a million letters": {"status": "failed", "error": MARKUP * 10_000},
    "a traceback of a million letters": {
        "status": "failed",
        "error": "x",
        "traceback": f"{MARKUP}\n{ESCAPES}\n" * 10_000,
    },
    "hyperparameters of markup": {"hyperparameters": {MARKUP: MARKUP, "x": {"y": [1]}}},
    "versions that are a list": {"versions": [1], "git": [2], "packages": {}},
    "versions of markup": {
        "versions": {MARKUP: MARKUP},
        "git": {"commit": {"a": 1}, "branch": MARKUP, "dirty": "yes"},
    },
    "data of markup": {"data": {"choice": MARKUP, "rows": {MARKUP: MARKUP}}},
    "times that are none": {"started": "x", "finished": "y", "seconds": -1e300},
    "numbers that are huge": {"metrics": {"train/loss": 1e308, "val/loss": -1e308}},
}


def _history(**changed: Any) -> Saved:
    """Return a state whose curves are others."""

    def change(honest: dict[str, Any]) -> dict[str, Any]:
        engine = honest["engine"]
        return {**honest, "engine": {**engine, "history": {**engine["history"], **changed}}}

    return Saved(change)


STATES: dict[str, Saved] = {
    "curves of markup": _history(curves={MARKUP: torch.ones(4, 2), ESCAPES: torch.ones(4, 2)}),
    "curves of other jobs": _history(curves={"train/loss": torch.ones(9, 2)}),
    "curves of texts": _history(curves={"train/loss": "x"}, epochs=[1, 2]),
    "epochs that fall": _history(epochs=torch.tensor([2, 1])),
    "a history that is a list": _history(curves=[1, 2]),
}

RUN_PAGES = [
    *(Folder("page", name, files, opens=True) for name, files in PICTURES.items()),
    *(Folder("page", name, {RECORD: Keys(keys)}, opens=True) for name, keys in RECORDS.items()),
]
SWEEP_PAGES = [
    *(Folder("page", name, files, opens=True) for name, files in PICTURES.items()),
    *(
        Folder("page", f"{name}, of a job", {f"2/{name_of}": change}, opens=True)
        for name, files in PICTURES.items()
        for name_of, change in files.items()
    ),
    *(Folder("page", n, {"0/run.json": Keys(keys)}, opens=True) for n, keys in RECORDS.items()),
    *(Folder("page", n, {".sweep/chunk-0.ckpt": state}, opens=True) for n, state in STATES.items()),
]
