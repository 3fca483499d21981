"""Hostile queues: what workers, their launch and the controller have left in an honest sweep."""

import json
from typing import Any

from scripts.hostile_cases.odd_content import HUGE, IN_PLACE, JSON_IN_PLACE
from scripts.hostile_cases.planting import FOLDER, Folder, Link, Many, Special
from scripts.hostile_cases.run_folders import ESCAPES, EVIL

from seedbed.sweep.queue.launch import FORMAT
from seedbed.version import __version__

UNITS, WORKERS = ".sweep/units", ".sweep/workers"
LAUNCH, CONTROLLER, CANCEL = ".sweep/launch.json", ".sweep/controller.json", ".sweep/cancel"
WAITING, RUNNING = f"{UNITS}/waiting/3-1.0.json", f"{UNITS}/running/3-1.0.theirs-1-a.json"
DONE, TABLE = f"{UNITS}/done/3-1.0.theirs-1-a.json", f"{UNITS}/results/3-1.0.theirs-1-a.csv"
OUTCOME = f"{UNITS}/results/3-1.0.theirs-1-a.json"
WORKER = f"{WORKERS}/theirs-1-a.json"
TIME = "2026-01-01T12:00:00+00:00"


def text(content: dict[str, Any], **changed: Any) -> str:
    """Return an honest document with some values changed."""
    return json.dumps({**content, **changed})


_LAUNCH: dict[str, Any] = {
    "token": "0123456789abcdef",
    "options": {"fuse": "auto", "keep": "all", "every_seconds": 60.0},
    "command": ["seedbed", "train", "-m"],
    "goes_on": True,
    "version": __version__,
    "format": FORMAT,
}
_UNIT: dict[str, Any] = {"jobs": [3], "fused": False, "missing": [3]}
_PROCESS: dict[str, Any] = {"host": "theirs", "pid": 1, "start": "x y 1", "version": __version__}
_WORKER = {**_PROCESS, "name": "theirs-1-a", "began": TIME, "state": "working"}
_CONTROLLER = {**_PROCESS, "began": TIME, "state": "ended", "code": 0}
_HEADER = "number,seed,optimizer.lr,status,train/loss,seconds,folder,error\n"

HONEST = {
    LAUNCH: text(_LAUNCH),
    WAITING: text(_UNIT),
    CONTROLLER: text(_CONTROLLER),
    f"{UNITS}/closed": "",
}

LAUNCHES: dict[str, dict[str, Any]] = {
    "another version": {"version": "0.0.1"},
    "another format": {"format": 77},
    "a version that steers a terminal": {"version": ESCAPES},
    "a token that is a path": {"token": "../../../../outside/made"},
    "a token that is a number": {"token": 1},
    "options that are none": {"options": {"nothing": 1}},
    "options of other types": {"options": {"keep": ["all"], "every_seconds": "soon"}},
    "options that are a list": {"options": [1]},
    "a command that steers a terminal": {"command": ["seedbed", ESCAPES]},
    "a command that is a text": {"command": "touch CANARY"},
    "modules of the folder": {"module_folders": ["HERE", "OUTSIDE"]},
    "earlier trials of other types": {"earlier": [{"number": -1, "status": 3}]},
    "an earlier trial that reports huge numbers": {
        "earlier": [{"number": 0, "status": "completed", "reports": {HUGE: [1.0]}}]
    },
}
UNITS_OF: dict[str, dict[str, Any]] = {
    "a job that the plan has not": {"jobs": [77], "missing": [77]},
    "no jobs": {"jobs": [], "missing": []},
    "a negative job": {"jobs": [-1], "missing": [-1]},
    "a job that is a path": {"jobs": ["../../../outside"], "missing": ["../../../outside"]},
    "a huge job": {"jobs": [2**53], "missing": [2**53]},
    "a job twice": {"jobs": [3, 3], "missing": [3, 3], "fused": True},
    "a million jobs": {"jobs": [*range(1_000_000)], "missing": [3], "fused": True},
    "missing jobs of others": {"jobs": [3], "missing": [0, 1, 2], "fused": True},
    "jobs of another chunk": {"jobs": [0, 3], "missing": [3], "fused": True},
    "a time that never was": {"time": 99},
    "an epoch that never was": {"epoch": 10**9, "fused": True},
    "fused that is a text": {"fused": "yes"},
}
WORKERS_OF: dict[str, dict[str, Any]] = {
    "a name that steers a terminal": {"started": ESCAPES, "why": ESCAPES, "host": ESCAPES},
    "the name of another": {"name": "another"},
    "a pid that is negative": {"pid": -1},
    "a pid that is huge": {"pid": 2**70},
    "a state that is none": {"state": "sleeping"},
    "counts that are negative": {"done": -5, "failed": -5},
    "a time that is none": {"began": "yesterday"},
    "a unit that steers a terminal": {
        "progress": {"unit": ESCAPES, "jobs": 1, "epoch": ESCAPES, "share": 1e308}
    },
    "a share that is no number": {"progress": {"unit": "3-1", "jobs": 1, "share": "half"}},
}
CONTROLLERS: dict[str, dict[str, Any]] = {
    "a host that steers a terminal": {"host": ESCAPES, "version": ESCAPES},
    "a pid that is negative": {"pid": -1},
    "a pid that is huge": {"pid": 2**70},
    "an exit code that is huge": {"code": 2**70},
    "a time that is none": {"began": ESCAPES, "ended": ESCAPES},
    "a time before all times": {"began": "0001-01-01T00:00:00+23:59"},
    "a unit of other types": {"unit": {"first": "x"}},
}
TABLES = {
    "of a job that the plan has not": f"{_HEADER}77,0,1e-6,completed,1,0.1,77,\n",
    "of a folder outside": f"{_HEADER}3,1,1e-5,completed,1,0.1,../../../outside,\n",
    "of an absolute folder": f"{_HEADER}3,1,1e-5,completed,1,0.1,OUTSIDE/run,\n",
    "that steers a terminal": f'{_HEADER}3,1,1e-5,failed,1,0.1,3,"{ESCAPES}"\n',
    "cut off": f"{_HEADER}3,1,1e-5,comp",
    "of other jobs": f"{_HEADER}0,0,1e-6,failed,9,0.1,0,x\n1,0,1e-6,failed,9,0.1,1,x\n",
}
OUTCOMES: dict[str, dict[str, Any]] = {
    "a refusal that steers a terminal": {"refusal": ESCAPES},
    "a disk that is full": {"full": ESCAPES},
    "a lack of what is none": {"lack": ESCAPES, "memory": ESCAPES},
    "wrong that is a text": {"wrong": "yes"},
}
LINKS = {
    "the queue": {UNITS: Link("OUTSIDE/run")},
    "what waits": {f"{UNITS}/waiting": Link("OUTSIDE")},
    "what runs": {f"{UNITS}/running": Link("OUTSIDE")},
    "what is done": {f"{UNITS}/done": Link("OUTSIDE"), f"{UNITS}/results": Link("OUTSIDE")},
    "a unit": {WAITING: Link("OUTSIDE/notes.txt")},
    "a table": {DONE: text(_UNIT), TABLE: Link("OUTSIDE/notes.txt")},
    "an outcome": {DONE: text(_UNIT), OUTCOME: Link("OUTSIDE/notes.txt")},
    "the workers": {WORKERS: Link("OUTSIDE")},
    "a worker": {WORKER: Link("OUTSIDE/notes.txt")},
    "the launch": {LAUNCH: Link("OUTSIDE/notes.txt")},
    "the controller": {CONTROLLER: Link("OUTSIDE/notes.txt")},
    "the cancellation": {CANCEL: Link("OUTSIDE/notes.txt")},
    "a cancellation that is not there": {CANCEL: Link("OUTSIDE/made")},
    "the end of the queue": {f"{UNITS}/closed": Link("OUTSIDE/made")},
}
NAMES = (
    *("3-1.0", "3-1", "-1-1.0", "3-1.99999999", f"{HUGE[:200]}-1.0", "3 1.0", "3-1.0.a b"),
    "\x1b[31m",
)


def _folder(kind: str, name: str, files: dict[str, Any]) -> Folder:
    # What is odd in it is left out, or run anew by who goes on with the sweep.
    return Folder(kind, name, {**HONEST, **files}, opens=True)


QUEUE_FOLDERS = [
    *(
        _folder(f"odd {what}", name, {file: content})
        for file, what in (
            *((LAUNCH, "launch"), (WAITING, "unit"), (RUNNING, "unit at work")),
            *((DONE, "unit that is done"), (WORKER, "worker"), (CONTROLLER, "controller")),
            *((CANCEL, "cancellation"), (f"{UNITS}/closed", "end of a queue")),
        )
        for name, content in {**IN_PLACE, **JSON_IN_PLACE}.items()
    ),
    *(
        _folder("odd table of a unit", name, {DONE: text(_UNIT), TABLE: content})
        for name, content in {**IN_PLACE, **TABLES}.items()
    ),
    *(
        _folder("odd outcome of a unit", name, {DONE: text(_UNIT), OUTCOME: content})
        for name, content in {**IN_PLACE, **JSON_IN_PLACE}.items()
    ),
    *(
        _folder("odd outcome of a unit", name, {DONE: text(_UNIT), OUTCOME: text({}, **changed)})
        for name, changed in OUTCOMES.items()
    ),
    *(
        _folder("odd launch", name, {LAUNCH: text(_LAUNCH, **changed), **EVIL})
        for name, changed in LAUNCHES.items()
    ),
    *(
        _folder("odd unit", name, {WAITING: text(_UNIT, **changed)})
        for name, changed in UNITS_OF.items()
    ),
    *(
        _folder("odd worker", name, {WORKER: text(_WORKER, **changed), RUNNING: text(_UNIT)})
        for name, changed in WORKERS_OF.items()
    ),
    *(
        _folder("odd controller", name, {CONTROLLER: text(_CONTROLLER, **changed)})
        for name, changed in CONTROLLERS.items()
    ),
    *(_folder("link outside", name, files) for name, files in LINKS.items()),
    *(
        _folder("odd name of a unit", repr(name)[:40], {f"{UNITS}/{state}/{name}.json": "{}"})
        for name in NAMES
        for state in ("waiting", "running", "done")
    ),
    *(
        _folder("many files", place, {f".sweep/{place}": Many(30_000, "{number}-1.0{rest}", "{}")})
        for place in ("units/waiting", "units/running", "units/done", "units/results", "workers")
    ),
    _folder("odd folder", "a file in place of the queue", {UNITS: ""}),
    _folder("odd folder", "a file in place of the workers", {WORKERS: ""}),
    _folder("odd folder", "a folder in place of a unit", {WAITING: Special(FOLDER)}),
    _folder("odd folder", "a folder in place of a table", {DONE: "{}", TABLE: Special(FOLDER)}),
]
