"""The tree of the configs that are compared, against the configs themselves."""

import json
import random
from typing import Any

from tests.page.node import called

Config = dict[str, Any]
VALUES = [0, 1, 0.5, None, True, "text", "", [1, 2], [2, 1], {}]


def drawn_config(draw: random.Random, depth: int = 3) -> Config:
    """Return a nested config of random keys, the names of an object's own among them."""
    names = draw.sample(["lr", "model", "data", "__proto__", "constructor", "wd"], 3)
    return {
        name: drawn_config(draw, depth - 1)
        if depth and draw.random() < 0.4
        else draw.choice(VALUES)
        for name in names
    }


def flat(config: Config, path: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for name, value in config.items():
        key = f"{path}{name}"
        leaves |= flat(value, f"{key}.") if isinstance(value, dict) and value else {key: value}
    return leaves


def walked(nodes: list[Config]) -> list[Config]:
    return [node for top in nodes for node in [top, *walked(top["children"])]]


def test_the_tree_has_every_key_and_says_where_entries_differ() -> None:
    draw = random.Random(1)
    calls, expected = [], []
    for _ in range(100):
        common = drawn_config(draw)
        keys = [key for key in ("optimizer.lr", "seed", "lr.deep.er") if draw.random() < 0.7]
        differing = {key: [draw.choice(VALUES) for _ in range(6)] for key in keys}
        entries = [draw.sample(range(6), draw.randint(1, 3)) for _ in range(draw.randint(1, 4))]
        calls.append([{"common": common, "differing": differing}, entries])
        leaves = {key: [[value]] * len(entries) for key, value in flat(common).items()}
        for key, column in differing.items():
            leaves[key] = [[column[job] for job in jobs] for jobs in entries]
        expected.append(leaves)

    for tree, leaves in zip(
        called("jobs/config_tree.js", "configTree", calls), expected, strict=True
    ):
        nodes = walked(tree)
        shown = {node["path"]: node for node in nodes if node["values"] is not None}
        assert shown.keys() == leaves.keys()
        for key, values in leaves.items():
            sets = [{json.dumps(value) for value in entry} for entry in values]
            assert [
                {json.dumps(value) for value in entry} for entry in shown[key]["values"]
            ] == sets
            own = any(entry != sets[0] for entry in sets)
            below = any(node["differs"] for node in walked(shown[key]["children"]))
            assert shown[key]["differs"] == (own or below), key
        assert sum(node["differing"] + node["equal"] for node in tree) == len(leaves)


def test_a_job_alone_has_its_differences_to_all_others_marked() -> None:
    configs = {"common": {"optimizer": {"wd": 0}}, "differing": {"optimizer.lr": [1, 2]}}
    (tree,) = called("jobs/config_tree.js", "configTree", [[configs, [[0]], "document"]])
    assert [(node["path"], node["differs"]) for node in walked(tree)] == [
        ("optimizer", True),
        ("optimizer.wd", False),
        ("optimizer.lr", True),
    ]
