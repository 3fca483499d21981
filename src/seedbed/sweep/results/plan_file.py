"""sweep.json: what a sweep is going to run, written before the first job starts."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedbed.errors import ConfigError
from seedbed.runs.record import write_json
from seedbed.sweep.job import Job


@dataclass(frozen=True)
class SavedPlan:
    """The plan of a sweep as it is written down.

    `axes` are the keys that differ with their values, `chunks` the numbers of the jobs that train
    as one program, `alone` those of the others by the reason. `metric` and `mode` say which job is
    best, `flags` are the command's words beside overrides.
    """

    axes: Mapping[str, Sequence[str]]
    jobs: Sequence[Job]
    chunks: Sequence[Sequence[int]]
    alone: Mapping[str, Sequence[int]]
    metric: str
    mode: str
    flags: Sequence[str]


def write_plan(path: Path, plan: SavedPlan, config: str) -> None:
    """Write sweep.json; `config` is the text of the first job's config."""
    content = {
        "config_hash": hashlib.sha256(config.encode()).hexdigest(),
        "optimized_metric": plan.metric,
        "optimized_mode": plan.mode,
        "axes": plan.axes,
        "groups": plan.chunks,
        "alone": plan.alone,
        "flags": plan.flags,
        "jobs": [{"number": job.number, "overrides": job.overrides} for job in plan.jobs],
    }
    write_json(path, content)


def read_plan(path: Path) -> SavedPlan:
    """Return what `write_plan` wrote; raises ConfigError where it is damaged."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        return SavedPlan(
            axes=content["axes"],
            jobs=[Job(one["number"], tuple(one["overrides"])) for one in content["jobs"]],
            chunks=content["groups"],
            alone=content["alone"],
            metric=content["optimized_metric"],
            mode=content["optimized_mode"],
            flags=content["flags"],
        )
    except (OSError, ValueError, RecursionError, LookupError, TypeError) as error:
        raise ConfigError(f"{path}: not the plan of a sweep ({type(error).__name__})") from None
