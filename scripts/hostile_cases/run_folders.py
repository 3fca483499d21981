"""Hostile run folders: what becomes of an honest one of data=blobs model=mlp."""

from typing import Any

import torch
from scripts.hostile_cases.odd_content import HUGE, IN_PLACE, JSON_IN_PLACE, YAML_IN_PLACE
from scripts.hostile_cases.planting import (
    GONE,
    Bomb,
    Flipped,
    Folder,
    Keys,
    Link,
    Pickled,
    Program,
    Replaced,
    Saved,
    Sparse,
    Special,
)
from scripts.hostile_cases.targets import EVIL_PYTHON, TARGETS

CONFIG, RECORD, BEST, LAST = (
    ".hydra/config.yaml",
    "run.json",
    "checkpoints/best.ckpt",
    "checkpoints/last.ckpt",
)
PREPARATION = "preparation.json"
TABLE = '{"data": "table", "preparation": {"schema": {"columns": [1]}, "fitted": {"inputs": 7}}}'
NO_PREPARATION = (
    *("a folder", "a fifo that nobody writes"),
    *("a status that is a list", "doubled keys"),
)
EVIL = {"evil.py": EVIL_PYTHON, "hubconf.py": EVIL_PYTHON, "evil.pt": Pickled()}
# In a list of names: colours, a title, a clear screen, a bell, one of 8 bits, and a right-to-left.
ESCAPES = "\x1b[31mred\x1b]0;title\x07\x1b[2J\x9b31m\u202egnp"

Checkpoint = dict[str, Any]


def _weights(changed: Any) -> Saved:
    """Return a checkpoint whose first weight is what a function makes of the honest one."""

    def change(honest: Checkpoint) -> Checkpoint:
        name = next(iter(honest["state_dict"]))
        return {
            **honest,
            "state_dict": {**honest["state_dict"], name: changed(honest["state_dict"][name])},
        }

    return Saved(change)


def _with(**fields: Any) -> Saved:
    return Saved(lambda honest: {**honest, **fields})


def _itself(honest: Checkpoint) -> Checkpoint:
    honest["state_dict"]["itself"] = honest
    return honest


CHECKPOINTS: dict[str, Any] = {
    "a pickle that runs a command": Pickled(),
    "a pickle without a zip file": Pickled(zipped=False),
    "a pickle of an older format": Saved(lambda honest: {**honest, "f": print}, zipped=False),
    "a zip bomb of 3 GiB": Bomb(3 * 2**30),
    "8 GiB of zeros": Sparse(8 * 2**30),
    "a flipped bit": Flipped(),
    "no tensors": _with(state_dict=None),
    "a list of tensors": _with(state_dict=[torch.zeros(3)]),
    "numbers for names": Saved(lambda honest: {**honest, "state_dict": {1: torch.zeros(3)}}),
    "texts for tensors": _weights(lambda weight: "weights"),
    "an expanded tensor of 80 TB": _weights(lambda weight: torch.zeros(1).expand(10**13)),
    "another shape": _weights(lambda weight: torch.zeros(3, 3)),
    "complex numbers": _weights(lambda weight: weight.to(torch.complex64)),
    "whole numbers": _weights(lambda weight: weight.to(torch.int64)),
    "a sparse tensor": _weights(lambda weight: weight.to_sparse()),
    "a tensor of no device": _weights(lambda weight: weight.to("meta")),
    "a quantized tensor": _weights(
        lambda weight: torch.quantize_per_tensor(weight, 0.1, 0, torch.qint8)
    ),
    "an epoch that is a text": _with(epoch="\x1b[31mfive"),
    "an epoch that is a tensor": _with(epoch=torch.zeros(3)),
    "an epoch of 4,000 digits": _with(epoch=10**4_000),
    "metrics that are a set": _with(metrics={"a"}),
    "itself in itself": Saved(_itself),
    "a preparation that is a list": _with(preparation=["schema"]),
}

FIELDS: dict[str, Any] = {
    "metrics that are a text": {"metrics": "text"},
    "metrics of 5,000 digits": {"checkpoints.best.metrics": {"train/loss": 10**4_000}},
    "checkpoints that are a list": {"checkpoints": ["best"]},
    "a checkpoint that is a number": {"checkpoints.best": 7},
    "metrics that are lists": {"checkpoints.best.metrics": {"train/loss": [1]}},
    "data that are a list": {"data": [1]},
    "a fingerprint that is a number": {"data.fingerprint": 7},
    "a start that is no time": {"started": 7},
    "sources that are a list": {"sources": ["evil"]},
    "sources that lead out": {"sources": {"../../evil": {"sha256": "0" * 64, "package": 1}}},
    "a version that is a list": {"versions": {"torch": [1]}, "git": "main", "packages": 7},
    "a way on that is a text": {"resumed": "often", "group": ["evil"], "hyperparameters": 3},
    "a start in the year 99999": {"started": "99999-01-01T00:00:00+00:00"},
    "a process that is no number": {"status": "running", "process": {"pid": "x", "host": 7}},
    "a process that is all": {
        "status": "running",
        "process": {"pid": -1, "host": "x", "started": 1},
    },
}

VALUES: dict[str, Any] = {
    "a model of 10^9 units": {"model.hidden": [10**9]},
    "a model of 10^5 layers": {"model.hidden": [1] * 100_000},
    "10^13 rows": {"data.rows": 10**13},
    "10^9 features": {"data.features": 10**9},
    "10^9 classes": {"data.classes": 10**9},
    "a number of 5,000 digits": {"data.rows": int(HUGE[:4_000])},
    "a shape of a million sizes": {"data.input_shape": [1] * 1_000_000},
    "names that are numbers": {"data.class_names": [1, 2, 3]},
    "a loss that is nan": {"data.spread": float("nan")},
    "a million class names": {"data.class_names": ["x"] * 1_000_000},
    "outputs in a folder of others": {"paths.outputs": "OUTSIDE/made"},
    "an environment variable": {"data.class_names": ["${oc.env:OUTSIDE_SECRET}", "b", "c"]},
    "a resolver of a file": {"seed": "${oc.decode:${oc.env:HOME}}"},
    "a task that is a list": {"task": [1]},
    "no model": {"model": None},
    "callbacks that are a list": {"callbacks": [1]},
    "a seed that is a text": {"seed": "text"},
    "50,000 callbacks": {
        "callbacks": {f"c{n}": {"_target_": "seedbed.callbacks.Progress"} for n in range(50_000)}
    },
}

OPEN_VALUES = (
    *("names that are numbers", "outputs in a folder of others", "an environment variable"),
    "callbacks that are a list",  # Neither verb makes any.
    "10^13 rows",  # None of them is needed to predict.
)

LINKS: dict[str, dict[str, Any]] = {
    "the record of another run": {RECORD: Link("OUTSIDE/run/run.json")},
    "the config of another run": {CONFIG: Link("OUTSIDE/run/.hydra/config.yaml")},
    "the .hydra of another run": {".hydra": Link("OUTSIDE/run/.hydra")},
    "the checkpoint of another run": {BEST: Link("OUTSIDE/run/checkpoints/best.ckpt")},
    "the checkpoints of another run": {"checkpoints": Link("OUTSIDE/run/checkpoints")},
    "a file of others as config": {CONFIG: Link("OUTSIDE/secret.yaml")},
    "a file of others as record": {RECORD: Link("OUTSIDE/secret.yaml")},
    "a file of others as preparation": {PREPARATION: Link("OUTSIDE/secret.yaml")},
}

RUN_FOLDERS = [
    *(
        # What a verb does not make, it need not refuse.
        Folder("code in a config", name, {CONFIG: Keys(keys), **EVIL}, opens="model" not in keys)
        for name, keys in TARGETS.items()
    ),
    *(
        Folder("odd config", name, {CONFIG: content})
        for name, content in {**IN_PLACE, **YAML_IN_PLACE}.items()
    ),
    *(
        Folder("odd config", name, {CONFIG: Keys(keys)}, opens=name in OPEN_VALUES)
        for name, keys in VALUES.items()
    ),
    *(
        # JSON takes the last of doubled keys.
        Folder("odd record", name, {RECORD: content}, opens=name == "doubled keys" or "predict")
        for name, content in {**IN_PLACE, **JSON_IN_PLACE}.items()
    ),
    *(
        Folder("odd record", name, {RECORD: Keys(keys)}, opens=True)
        for name, keys in FIELDS.items()
    ),
    *(
        Folder("odd checkpoint", name, {BEST: content, LAST: content})
        for name, content in CHECKPOINTS.items()
    ),
    *(
        # What is no file is as if it were not there, and other keys are nobody's.
        Folder("odd preparation", name, {PREPARATION: content}, opens=name in NO_PREPARATION)
        for name, content in {**IN_PLACE, **JSON_IN_PLACE}.items()
    ),
    Folder("odd preparation", "that of a table", {PREPARATION: TABLE}, opens=True),
    *(Folder("link outside", name, files) for name, files in LINKS.items()),
    Folder(
        "link outside",
        "results that would be written through links",
        {f"evaluate-{split}.json": Link("OUTSIDE/notes.txt") for split in ("train", "val", "test")},
        opens=True,
    ),
    Folder("missing", "no checkpoints", {"checkpoints": Special(GONE)}),
    Folder("missing", "no config", {CONFIG: Special(GONE)}),
    Folder(
        "escapes",
        "class names that steer a terminal",
        {CONFIG: Keys({"data.class_names": [ESCAPES, "b\nseedbed: all is well", "c\rd"]})},
        opens=True,
    ),
    Folder(
        "escapes",
        "feature names that steer a terminal",
        {CONFIG: Keys({"data.feature_names": [ESCAPES, "[red]y[/red]"]})},
        opens=True,
    ),
    Folder(
        "escapes",
        "metrics that steer a terminal",
        {RECORD: Keys({"checkpoints.best.metrics": {f"train/{ESCAPES}": 1.0}, "error": ESCAPES})},
        opens=True,
    ),
    Folder("escapes", "keys that steer a terminal", {CONFIG: Keys({f"model.{ESCAPES}": 1})}),
    Folder(
        "code beside it",
        "modules, plugins and git's programs that nobody asked for",
        {
            **EVIL,
            "torch.py": EVIL_PYTHON,
            "numpy.py": EVIL_PYTHON,
            "sitecustomize.py": EVIL_PYTHON,
            "hydra_plugins/evil.py": EVIL_PYTHON,
            "seedbed.yaml": "trust: [evil]\ndefaults: [seed=99]\n",
            "config.sh": Program("touch CANARY"),
        },
        opens=True,
    ),
    Folder(
        "hydra's own keys",
        "callbacks, logging and environment in hydra.yaml",
        {
            ".hydra/hydra.yaml": Keys(
                {
                    "hydra.callbacks": {
                        "evil": {"_target_": "os.system", "command": "touch CANARY"}
                    },
                    "hydra.job.env_set": {"LD_PRELOAD": "HERE/evil.pt"},
                    "hydra.run.dir": "OUTSIDE/made",
                }
            )
        },
        opens=True,
    ),
    Folder(
        "hydra's own keys",
        "hydra in the config",
        {
            CONFIG: Keys(
                {
                    "hydra": {
                        "callbacks": {"e": {"_target_": "os.system", "command": "touch CANARY"}}
                    }
                }
            )
        },
    ),
    Folder("odd config", "windows line ends", {CONFIG: Replaced("\n", "\r\n")}, opens=True),
]
