"""Hostile sweep folders: what becomes of an honest one, of which job 3 of 4 is still to run."""

import json
from typing import Any

from scripts.hostile_cases.odd_content import HUGE, IN_PLACE, JSON_IN_PLACE, YAML_IN_PLACE
from scripts.hostile_cases.planting import (
    GONE,
    Bomb,
    Flipped,
    Folder,
    Keys,
    Link,
    Pickled,
    Replaced,
    Saved,
    Special,
)
from scripts.hostile_cases.run_folders import ESCAPES, EVIL
from scripts.hostile_cases.targets import TARGETS

CONFIG, INDEX = ".sweep/config-0.yaml", ".sweep/configs.json"
PLAN, RESULTS, MASTER = "sweep.json", "results.csv", "multirun.yaml"
STATE = ".sweep/chunk-3.ckpt"
JOBS = "rounds.0.jobs"

PLANS: dict[str, Any] = {
    "no groups": {"rounds.0.groups": []},
    "no jobs": {JOBS: []},
    "no rounds": {"rounds": []},
    "rounds that are a mapping": {"rounds": {"a": 1}},
    "a doubled job number": {f"{JOBS}.3.number": 0},
    "a job number that is a path": {f"{JOBS}.3.number": "../../../../../outside/made"},
    "a job number that is an absolute path": {f"{JOBS}.3.number": "OUTSIDE/made"},
    "a negative job number": {f"{JOBS}.3.number": -1},
    "a job number of 5,000 digits": {f"{JOBS}.3.number": int(HUGE[:4_000])},
    "a job number that is true": {f"{JOBS}.3.number": True},
    "a job of no group": {"rounds.0.groups": [[0, 1, 2]]},
    "a job of two groups": {"rounds.0.groups": [[0, 1, 2, 3], [3]]},
    "a group of jobs that are none": {"rounds.0.groups": [[0, 1, 2, 3, 77]]},
    "a group nested 500 deep": {"rounds.0.groups": eval("[" * 60 + "]" * 60)},
    "overrides that are a text": {f"{JOBS}.3.overrides": "seed=1"},
    "overrides that are numbers": {f"{JOBS}.3.overrides": [1, None]},
    "an override of hydra": {f"{JOBS}.3.overrides": ["hydra.sweep.dir=OUTSIDE/made"]},
    "an override of a folder": {
        f"{JOBS}.3.overrides": ["data=crop_yield", "hydra.sweep.subdir=../../x"]
    },
    "an override that runs code": {
        f"{JOBS}.3.overrides": [
            "data=crop_yield",
            "optimizer._target_=os.system",
            "+optimizer.command=touch CANARY",
        ]
    },
    "an override that is no override": {f"{JOBS}.3.overrides": ["=", "\x1b[31m"]},
    "an override that sweeps": {
        f"{JOBS}.3.overrides": ["data=crop_yield", "seed=range(0,1000000000)"]
    },
    "another config": {f"{JOBS}.3.overrides": ["data=nowhere"]},
    "a metric that steers a terminal": {"optimized_metric": f"train/{ESCAPES}"},
    "a metric that is a list": {"optimized_metric": ["train/loss"]},
    "metrics that steer a terminal": {
        "optimized_metric": ["train/loss", f"train/{ESCAPES}"],
        "optimized_mode": ["min", "min"],
    },
    "more modes than metrics": {"optimized_mode": ["min", "min"]},
    "a constraint that steers a terminal": {"constraints": [f"train/{ESCAPES}<=1"]},
    "a constraint that is none": {"constraints": ["train/loss"]},
    "a metric that no epoch measures": {"optimized_metric": "model/parameters"},
    "trials of no jobs": {"jobs_of_trial": 0},
    "a mode that is none": {"optimized_mode": "sideways"},
    "a rank that is none": {"rank": "sideways"},
    "flags that are a text": {"flags": "text"},
    "flags that steer a terminal": {"flags": [ESCAPES]},
    "axes that are a list": {"axes": ["seed"]},
    "a reason that steers a terminal": {
        "rounds.0.alone": {ESCAPES: [3]},
        "rounds.0.groups": [[0, 1, 2]],
    },
    "a reason with numbers that are texts": {"rounds.0.alone": {"why": "3"}},
}

TABLES: dict[str, Any] = {
    "a folder outside": Replaced("0.029633,2,", "0.029633,../../../../../outside,"),
    "a status that is none": Replaced("completed", "finished"),
    "a number that is a path": Replaced("\n2,", "\n../2,"),
    "a number of 5,000 digits": Replaced("\n2,", f"\n{HUGE},"),
    "doubled jobs": Replaced("\n2,", "\n1,"),
    "a job that the plan has not": Replaced("\n2,", "\n77,"),
    "a metric that steers a terminal": Replaced("train/rmse", f"train/{ESCAPES}"),
    "an axis that steers a terminal": Replaced("optimizer.lr", f'"{ESCAPES}"'),
    "an open quote": Replaced("\n2,", '\n"2,'),
    "a cell of a million letters": Replaced(",2,\n", f",2,{'x' * 1_000_000}\n"),
    "a metric that is nan": Replaced("8772.9", "nan"),
    "a thousand columns": Replaced("error\n", "error" + ",x" * 1_000 + "\n"),
}

# What such rows lack is in the records of the jobs, and what is no file is no table.
OPEN_TABLES = (
    *("a job that the plan has not", "an open quote"),
    *("a fifo that nobody writes", "a link to itself"),
    "a metric that steers a terminal",
    "an axis that steers a terminal",
    "a cell of a million letters",
    "a thousand columns",
)

MASTERS: dict[str, dict[str, Any]] = {
    "a callback that runs code": {
        "hydra.callbacks": {"evil": {"_target_": "os.system", "command": "touch CANARY"}}
    },
    "a launcher that runs code": {
        "hydra.launcher": {"_target_": "os.system", "command": "touch CANARY"}
    },
    "a sweeper that runs code": {
        "hydra.sweeper": {"_target_": "os.system", "command": "touch CANARY"}
    },
    "logging that writes a file": {
        "hydra.job_logging": {
            "version": 1,
            "handlers": {"file": {"class": "logging.FileHandler", "filename": "CANARY"}},
            "root": {"handlers": ["file"], "level": "DEBUG"},
        }
    },
    "a folder outside for its jobs": {"hydra.sweep.dir": "OUTSIDE/made"},
    "a subfolder that leads outside": {"hydra.sweep.subdir": "../../../../../outside/made"},
    "a subfolder that is absolute": {"hydra.sweep.subdir": "OUTSIDE/made"},
    "an output folder that leads outside": {
        "hydra.output_subdir": "../../../../../../outside/made"
    },
    "an environment for its jobs": {"hydra.job.env_set": {"LD_PRELOAD": "HERE/evil.pt"}},
    "another working folder": {"hydra.job.chdir": True, "hydra.run.dir": "OUTSIDE/made"},
    "outputs in another folder": {"paths.outputs": "OUTSIDE/made"},
    "hydra that is a list": {"hydra": [1]},
    "no hydra": {"hydra": None},
    "an interpolation of hydra's": {"hydra.sweep.dir": "${oc.env:HOME}/made"},
}

LINKS: dict[str, dict[str, Any]] = {
    "the folder of a job": {"3": Link("OUTSIDE/run")},
    "the folder of a job that is not there": {"3": Link("OUTSIDE/made")},
    "the table": {RESULTS: Link("OUTSIDE/notes.txt")},
    "the plan": {PLAN: Link("OUTSIDE/secret.yaml")},
    "what it needs to go on": {".sweep": Link("OUTSIDE/run")},
    "its lock": {".sweep/sweep.lock": Link("OUTSIDE/notes.txt")},
    "the state of a chunk": {STATE: Link("OUTSIDE/run/checkpoints/best.ckpt")},
    "the table of a unit": {".sweep/unit-3.csv": Link("OUTSIDE/notes.txt")},
    "the lock of a unit": {".sweep/unit-3.lock": Link("OUTSIDE/notes.txt")},
    "the config of its jobs": {CONFIG: Link("OUTSIDE/run/.hydra/config.yaml")},
    "a file that was not finished": {f".3.{'0' * 16}.tmp": Link("OUTSIDE/run")},
}

CONTROLLER, WORKER = ".sweep/controller.json", ".sweep/workers/w.json"
NOTE: dict[str, Any] = {
    "host": "elsewhere",
    "pid": 1,
    "start": "",
    "version": "0",
    "began": "2026-11-26T15:00:00+00:00",
}
UNIT: dict[str, Any] = {"first": 3, "jobs": 1, "began": NOTE["began"]}

# What others see of the processes that work on it.
SIGNS: dict[str, dict[str, Any]] = {
    "a controller whose names steer a terminal": {
        CONTROLLER: json.dumps(
            {
                **NOTE,
                "host": ESCAPES,
                "began": ESCAPES,
                "unit": {**UNIT, "epoch": ESCAPES, "share": 0.5},
            }
        )
    },
    "a controller of another form": {CONTROLLER: json.dumps({**NOTE, "pid": HUGE})},
    "a controller of a negative share": {
        CONTROLLER: json.dumps({**NOTE, "unit": {**UNIT, "share": -1}})
    },
    "a controller of a huge number": {
        CONTROLLER: json.dumps({**NOTE, "pid": 2**63 - 1, "before": 2**53, "unit": UNIT})
    },
    "a controller that began in the year 1": {
        CONTROLLER: json.dumps({**NOTE, "began": "0001-01-01T00:00:00+23:59", "unit": UNIT})
    },
    "a controller that is a link": {CONTROLLER: Link("OUTSIDE/notes.txt")},
    "a cancellation that is a link": {".sweep/cancel": Link("OUTSIDE/notes.txt")},
    "an output that is a link": {".sweep/controller.log": Link("OUTSIDE/notes.txt")},
    "a worker whose names steer a terminal": {
        WORKER: json.dumps(
            {**NOTE, "name": "w", "state": "stopped", "why": ESCAPES, "started": ESCAPES}
        )
    },
    "a worker that is a link": {WORKER: Link("OUTSIDE/notes.txt")},
    "units whose names are odd": {
        f".sweep/units/{state}/{name}.json": "[]"
        for state in ("waiting", "running", "done")
        for name in ("9" * 15 + "-" + "9" * 15 + ".0.w", "x", "0-0.0", "-1-1.0")
    },
}

SWEEP_FOLDERS = [
    *(
        Folder("code in a saved config", name, {CONFIG: Keys(keys), **EVIL})
        for name, keys in TARGETS.items()
    ),
    *(
        Folder("odd saved config", name, {CONFIG: content})
        for name, content in {**IN_PLACE, **YAML_IN_PLACE}.items()
    ),
    *(
        # The axes follow from the jobs.
        Folder("odd plan", name, {PLAN: Keys(keys)}, opens="terminal" in name or "axes" in name)
        for name, keys in PLANS.items()
    ),
    *(
        Folder("odd plan", name, {PLAN: content})
        for name, content in {**IN_PLACE, **JSON_IN_PLACE}.items()
    ),
    *(
        Folder("odd table", name, {RESULTS: content}, opens=name in OPEN_TABLES)
        for name, content in {**TABLES, **IN_PLACE}.items()
    ),
    # Where they are read at all.
    *(
        Folder("hydra's own keys", f"{name} ({file})", {file: Keys(keys)}, opens=True)
        for name, keys in MASTERS.items()
        for file in (MASTER, CONFIG)
    ),
    *(Folder("odd index", name, {INDEX: content}) for name, content in IN_PLACE.items()),
    *(
        # More answers and configs than the jobs ask for change nothing.
        Folder(
            "odd index",
            name,
            {INDEX: Keys(keys)},
            opens=name in ("more configs than files", "resolvers that are none"),
        )
        for name, keys in {
            "configs that are texts": {"configs": ["data=crop_yield"]},
            "more configs than files": {"configs": [["data=crop_yield"], ["data=blobs"]]},
            "resolvers that are none": {"resolved": [["oc.env", ["HOME"], "OUTSIDE/made"]]},
            "answers of two parts": {"resolved": [["now"]]},
            "resolvers that are numbers": {"resolved": [[1, [[]], {}]]},
        }.items()
    ),
    *(
        Folder("odd state of a chunk", name, {STATE: content}, opens=True)
        for name, content in {
            "a pickle that runs a command": Pickled(),
            "a zip bomb": Bomb(3 * 2**30),
            "nothing": "",
            "a list": Saved(lambda honest: [1]),
            "a mapping of texts": Saved(lambda honest: {"epoch": "x", "numbers": 1}),
        }.items()
    ),
    *(Folder("link outside", name, files) for name, files in LINKS.items()),
    *(
        Folder("odd signs of processes", name, files, opens="link" not in name)
        for name, files in SIGNS.items()
    ),
    Folder("missing", "no saved configs", {".sweep": Special(GONE)}),
    Folder("missing", "no config of a job", {CONFIG: Special(GONE)}),
    Folder("missing", "no master", {MASTER: Special(GONE)}),
    Folder("odd job", "a record that is damaged", {"2/run.json": "null"}, opens=True),
    Folder(
        "odd job",
        "a checkpoint with a flipped bit",
        {"2/checkpoints/best.ckpt": Flipped()},
        opens=True,
    ),
    Folder("odd job", "a job's folder that is a file", {"3": "text"}),
    Folder(
        "odd job", "a job's folder that holds something else", {"3/photo.jpg": "mine"}, opens=True
    ),
    Folder(
        "odd job",
        "units in a format that is none",
        {".sweep/unit-3.csv": "\x00\n", ".sweep/unit-3.json": "["},
        opens=True,
    ),
]
