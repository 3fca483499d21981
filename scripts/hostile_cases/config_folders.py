"""Hostile folders of configs, as somebody may send one: `--config-dir FOLDER experiment=evil`."""

from typing import Any

from scripts.hostile_cases.odd_content import IN_PLACE, YAML_IN_PLACE
from scripts.hostile_cases.planting import Folder, Link
from scripts.hostile_cases.run_folders import ESCAPES
from scripts.hostile_cases.targets import EVIL_PYTHON

EVIL = "experiment/evil.yaml"
PRESET = "# @package _global_\n"

PRESETS: dict[str, str] = {
    "a hydra callback that runs code": (
        "hydra:\n  callbacks:\n    evil: {_target_: os.system, command: touch CANARY}\n"
    ),
    "a launcher that runs code": (
        "hydra:\n  launcher: {_target_: os.system, command: touch CANARY}\n"
    ),
    "a sweeper that runs code": "hydra:\n  sweeper: {_target_: os.system, command: touch CANARY}\n",
    "logging that writes a file": (
        "hydra:\n  job_logging:\n    version: 1\n"
        "    handlers: {file: {class: logging.FileHandler, filename: CANARY}}\n"
        "    root: {handlers: [file], level: DEBUG}\n"
    ),
    "a run folder that is another run's": "hydra: {run: {dir: OUTSIDE/run}}\n",
    "an environment": "hydra: {job: {env_set: {PATH: HERE}}}\n",
    "a search path": "hydra: {searchpath: ['pkg://evil', 'file://HERE/more']}\n",
    "code as model": "model: {_target_: os.system, command: touch CANARY}\n",
    "code as callback": "callbacks: {evil: {_target_: os.system, command: touch CANARY}}\n",
    "code as metric": (
        "task: {torchmetrics: {evil: {_target_: os.system, command: touch CANARY}}}\n"
    ),
    "code as profiler": "trainer: {profiler: {_target_: os.system, command: touch CANARY}}\n",
    "trust of its own modules": "trust: [evil]\nmodel: {_target_: evil.Evil}\n",
    "a key of 100,000 letters": f"{'k' * 100_000}: 1\n",
    "a key that steers a terminal": f'"{ESCAPES.encode("unicode_escape").decode()}": 1\n',
}

DEFAULTS: dict[str, dict[str, Any]] = {
    "defaults that choose themselves": {EVIL: f"{PRESET}defaults: [/experiment: evil]\n"},
    "defaults that lead outside": {EVIL: f"{PRESET}defaults: [../../outside/secret]\n"},
    "defaults that are a mapping": {EVIL: f"{PRESET}defaults: {{a: b}}\n"},
    "defaults that are numbers": {EVIL: f"{PRESET}defaults: [1, [2], null]\n"},
    "ten thousand defaults": {
        EVIL: f"{PRESET}defaults:\n" + "".join(f"- more/o{n}\n" for n in range(10_000))
    },
    "a link to a file of others": {EVIL: Link("OUTSIDE/secret.yaml")},
    "a group that is a link outside": {"experiment": Link("OUTSIDE")},
    "a train.yaml of its own": {
        "train.yaml": "model: {_target_: os.system, command: touch CANARY}\n",
        EVIL: f"{PRESET}seed: 1\n",
    },
}

CONFIG_FOLDERS = [
    *(
        Folder("preset", name, {EVIL: PRESET + text, "evil.py": EVIL_PYTHON})
        for name, text in PRESETS.items()
    ),
    *(Folder("odd preset", name, {EVIL: content}) for name, content in IN_PLACE.items()),
    *(Folder("odd preset", name, {EVIL: content}) for name, content in YAML_IN_PLACE.items()),
    *(Folder("defaults", name, files) for name, files in DEFAULTS.items()),
    Folder(
        "names",
        "options whose names steer a terminal",
        {f"model/{ESCAPES}.yaml": f"# {ESCAPES}\na: 1\n", "model/$(touch CANARY).yaml": "a: 1\n"},
        words=f"model={ESCAPES}",
    ),
    Folder(
        "names",
        "an option whose description is a megabyte",
        {"model/long.yaml": "# " + "x" * 1_000_000 + "\na: 1\n"},
        words="model=long",
    ),
]
