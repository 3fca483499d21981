"""Content that no file should have, whatever its format."""

from typing import Any

from scripts.hostile_cases.planting import FIFO, FOLDER, Link, Sparse, Special

GIB = 2**30
HUGE = "9" * 5_000


def alias_bomb(levels: int = 12, width: int = 9) -> str:
    """Return YAML of some kilobytes whose aliases unfold to `width ** levels` values."""
    lines = ["a0: &a0 [x]"]
    for level in range(1, levels):
        aliases = ", ".join([f"*a{level - 1}"] * width)
        lines.append(f"a{level}: &a{level} [{aliases}]")
    return "\n".join(lines) + "\n"


# In place of a file of any format.
IN_PLACE: dict[str, Any] = {
    "empty": "",
    "null": "null",
    "a list": "[1, 2, 3]",
    "a text": '"text"',
    "binary": bytes(range(256)) * 4,
    "no UTF-8": b"\xff\xfe\x00a: 1",
    "nested 100,000 deep": "[" * 100_000,
    "8 GiB of zeros": Sparse(8 * GIB),
    "a folder": Special(FOLDER),
    "a fifo that nobody writes": Special(FIFO),
    "a link to an endless device": Link("/dev/zero"),
    "a link to itself": Link("HERE/run.json"),
}
YAML_IN_PLACE: dict[str, Any] = {
    "aliases that unfold to billions": alias_bomb(),
    "an alias of itself": "a: &a [*a]\n",
    "a tag that runs Python": "model: !!python/object/apply:os.system ['touch CANARY']\n",
    "a tag of an unknown kind": "model: !evil {a: 1}\n",
    "mappings nested 2,000 deep": "\n".join(" " * depth + f"k{depth}:" for depth in range(2_000)),
    "a million anchors": "".join(f"- &a{number} x\n" for number in range(200_000)),
    "merge keys of merge keys": "a: &a {x: 1}\nb: {<<: [*a, *a]}\n<<: {<<: *a}\n",
    "a key that is a list": "? [a, b]\n: 1\n",
    "an interpolation of itself": "seed: ${seed}\ndata: ${data}\nmodel: ${model}\n",
    "nested interpolations": "seed: " + "${" * 3_000 + "a" + "}" * 3_000 + "\n",
}
JSON_IN_PLACE: dict[str, Any] = {
    "cut off": '{"status": "compl',
    "a number of 5,000 digits": '{"status": "completed", "seed": ' + HUGE + "}",
    "a status that is a list": '{"status": ["completed"]}',
    "numbers that are no JSON": '{"status": NaN, "metrics": Infinity}',
    "lone surrogates": '{"status": "\\ud800"}',
    "doubled keys": '{"status": "completed", "status": "failed"}',
}
