"""Hostile folders of searches: what becomes of an honest one, of which trial 3 of 4 is to run."""

from typing import Any

from scripts.hostile_cases.odd_content import IN_PLACE
from scripts.hostile_cases.planting import Folder, Keys, Link, Pickled
from scripts.hostile_cases.run_folders import EVIL

PLAN, JOURNAL, TRIES = "sweep.json", "optuna.log", ".sweep/tries.json"
SPACE = "search.space"


def _fixed(*words: str) -> dict[str, Any]:
    return {"search.fixed": ["data=crop_yield", "trainer.max_epochs=2", *words]}


def _space(*dimensions: dict[str, Any]) -> dict[str, Any]:
    return {SPACE: list(dimensions)}


RATE = {"key": "optimizer.lr", "low": 1e-7, "high": 1e-5, "log": True}
# The trials that it has begun no longer follow from what it searches.
SEARCHES: dict[str, Any] = {
    "a class that runs code in every trial": _fixed(
        "optimizer._target_=os.system", "+optimizer.command=touch CANARY"
    ),
    "folders outside for its trials": _fixed("hydra.sweep.subdir=../../../../outside/made"),
    "an environment for its trials": _fixed("hydra.job.env_set={LD_PRELOAD:HERE/evil.pt}"),
    "another space": _space({"key": "optimizer.lr", "low": 0.1, "high": 0.2}),
    "a space of another key": _space({"key": "hydra.sweep.dir", "values": ["OUTSIDE/made"]}),
    "a choice that runs code": _space({"key": "optimizer._target_", "values": ["os.system"]}),
    "no dimensions": {SPACE: []},
    "a space that is a mapping": {SPACE: {"optimizer.lr": 1}},
    "a dimension without a key": _space({"low": 0.1, "high": 0.2}),
    "a reversed interval": _space({**RATE, "low": 1.0}),
    "an interval of no numbers": _space({**RATE, "high": "1e-5"}),
    "whole numbers of 4,000 digits": _space({**RATE, "high": 10**4_000, "whole": True}),
    "a step of 1e-320": _space({**RATE, "log": False, "step": 1e-320}),
    "a choice of 100,000 values": _space(
        RATE, {"key": "optimizer", "values": [str(number) for number in range(100_000)]}
    ),
    "a dimension that counts under itself": _space({**RATE, "when": {"optimizer.lr": ["1"]}}),
    "a dimension twice": _space(RATE, RATE),
    "another sampler": {"search.sampler": "tpe"},
    "a sampler that runs code": {"search.sampler": "os.system"},
    "trials that are none": {"search.trials": 0},
    "10**15 trials": {"search.trials": 10**15},
    "fewer trials than it has begun": {"search.trials": 1},
    "a search that is a text": {"search": "random"},
    "generations asked for at no time": {"rounds.0.started": "never"},
    "generations asked for in the year 9999": {"rounds.1.started": "9999-12-31T23:59:59+00:00"},
}
# What is written of it, and not read, does not matter.
OPEN = (
    "a sampler that runs code",
    "another sampler",
    "generations asked for at no time",
    "generations asked for in the year 9999",
    "fewer trials than it has begun",
)
CREATES = (
    '{"op_code":4,"worker_id":"x","study_id":0,"datetime_start":null,"state":1,"value":-1e9,'
    '"distributions":{},"params":{},"system_attrs":{"cma:optimizer:0":"CANARY"}}\n'
)
JOURNALS: dict[str, Any] = {
    "a pickle": Pickled(),
    "trials of somebody else": CREATES,
    "notes of a dashboard in a format that is none": "dashboard:\n" + "[" * 100_000 + "dashboard:",
    "a link outside": Link("OUTSIDE/notes.txt"),
    **{
        name: IN_PLACE[name] for name in ("8 GiB of zeros", "a folder", "a fifo that nobody writes")
    },
}
REFUSED = ("a link outside", "a folder")

SEARCH_FOLDERS = [
    *(
        Folder("odd search", name, {PLAN: Keys(keys), **EVIL}, opens=name in OPEN)
        for name, keys in SEARCHES.items()
    ),
    *(
        # It is not read, and written anew; a link out of a sweep is refused.
        Folder("odd journal", name, {JOURNAL: content}, opens=name not in REFUSED)
        for name, content in JOURNALS.items()
    ),
    *(
        Folder("odd tries", name, {TRIES: content}, opens=True)
        for name, content in {
            "a list": "[]",
            "a mapping of texts": '{"failed": {"0": "x"}}',
            "more than there are": '{"failed":{"3":9},"died":{"3":9},"stopped":true}',
        }.items()
    ),
]
