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
# What JSON does not have travels in an object of one key: numbers by these words, a Map by its
# pairs, the document of a page, decoded, by its content, a page by that and its fragment.
_RUN = """
const words = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const told = (key, value) =>
  typeof value !== "number" || Number.isFinite(value) ? value : { number: String(value) };
async function run(text) {
  const { libraries, scripts, module, name, calls } = JSON.parse(text);
  libraries.forEach(require);
  const { decoded } = await import(scripts + "/document.js");
  const { createPage } = await import(scripts + "/shell/page.js");
  const { createState } = await import(scripts + "/shell/state.js");
  const given = (key, value) => {
    if (value && Object.hasOwn(value, "fragment"))
      return createPage(value.page, createState(value.fragment));
    if (value && Object.hasOwn(value, "document")) return decoded(value.document);
    if (value && Array.isArray(value.map)) return new Map(value.map);
    return value && value.number in words ? words[value.number] : value;
  };
  const loaded = await import(module);
  const lists = JSON.parse(JSON.stringify(calls), given);
  process.stdout.write(JSON.stringify(lists.map((call) => loaded[name](...call)), told));
}
run(require("fs").readFileSync(0, "utf-8"));
"""


def called(module: str, function: str, calls: Iterable[Sequence[Any]]) -> list[Any]:
    """Return what an exported function of a module returns for each list of arguments.

    Numbers that are not finite are given as `{"number": "nan"}`, `inf` and `-inf`, a Map as
    `{"map": pairs}`, a decoded document as `{"document": content}`, a page as
    `{"page": {"document": content}, "fragment": fragment}`.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here")
    task = {
        "libraries": [str(ASSETS / "libraries" / name) for name in LIBRARIES],
        "scripts": (ASSETS / "scripts").as_uri(),
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
