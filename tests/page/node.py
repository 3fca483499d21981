"""Functions of the page's modules, called in Node."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from seedbed.page.html import ASSETS

# Libraries that need no browser.
LIBRARIES = ("distributions.js", "expressions.js")
# Numbers that JSON does not have travel as these words in an object of one key.
_RUN = """
const words = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const given = (key, value) => (value && value.number in words ? words[value.number] : value);
const told = (key, value) =>
  typeof value !== "number" || Number.isFinite(value) ? value : { number: String(value) };
const task = JSON.parse(require("fs").readFileSync(0, "utf-8"), given);
const { libraries, module, name, calls } = task;
libraries.forEach(require);
import(module).then((loaded) =>
  process.stdout.write(JSON.stringify(calls.map((call) => loaded[name](...call)), told)));
"""


def called(module: str, function: str, calls: Iterable[Sequence[Any]]) -> list[Any]:
    """Return what an exported function of a module returns for each list of arguments.

    Numbers that are not finite are given as `{"number": "nan"}`, `inf` and `-inf`.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here")
    task = {
        "libraries": [str(ASSETS / "libraries" / name) for name in LIBRARIES],
        "module": (ASSETS / "scripts" / module).as_uri(),
        "name": function,
        "calls": [list(call) for call in calls],
    }
    result = subprocess.run(
        [node, "-e", _RUN],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    values: list[Any] = json.loads(result.stdout)
    return values
