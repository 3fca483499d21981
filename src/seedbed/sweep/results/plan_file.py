"""sweep.json: what a sweep runs, round by round; each is written before its first job starts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedbed.errors import ConfigError
from seedbed.runs.record import now, write_json
from seedbed.sweep.job import Job

# How the reason of a job begins that does not run.
REFUSED = "refused: "


@dataclass(frozen=True)
class Round:
    """Jobs that were asked for at once.

    `groups` are the numbers of jobs that train as one program, `alone` those of the others by the
    reason.
    """

    jobs: Sequence[Job]
    groups: Sequence[Sequence[int]]
    alone: Mapping[str, Sequence[int]]


@dataclass
class SweepPlan:
    """The plan of a sweep, to which rounds are added as it goes.

    `metric`, `mode` and `rank` say which job is best, `flags` are the command's words beside
    overrides, `config_hash` is the SHA-256 of the first job's config.
    """

    metric: str
    mode: str
    rank: str = "best"
    flags: Sequence[str] = ()
    config_hash: str = ""
    # When the sweep began, in UTC.
    started: str = field(default_factory=now)
    rounds: list[Round] = field(default_factory=list)
    # The jobs of all rounds, by their numbers.
    jobs: list[Job] = field(default_factory=list)
    # The values of each key that differs among the jobs, as they were written.
    axes: dict[str, list[str]] = field(default_factory=dict)
    _values: dict[str, dict[str, None]] = field(default_factory=dict, repr=False)

    def add(self, new: Round) -> None:
        """Add a round, whose jobs are numbered on."""
        self.rounds.append(new)
        self.jobs.extend(new.jobs)
        for job in new.jobs:
            for word in job.overrides:
                key, _, value = word.partition("=")
                self._values.setdefault(key.lstrip("+"), {})[value] = None
        differing = {key: values for key, values in self._values.items() if len(values) > 1}
        self.axes = {key: list(values) for key, values in differing.items()}


def write_plan(path: Path, plan: SweepPlan) -> None:
    """Write sweep.json."""
    content = {
        "started": plan.started,
        "config_hash": plan.config_hash,
        "optimized_metric": plan.metric,
        "optimized_mode": plan.mode,
        "rank": plan.rank,
        "flags": plan.flags,
        "axes": plan.axes,
        "rounds": [
            {
                "groups": planned.groups,
                "alone": planned.alone,
                "jobs": [job._asdict() for job in planned.jobs],
            }
            for planned in plan.rounds
        ],
    }
    write_json(path, content)


def read_plan(path: Path) -> SweepPlan:
    """Return what `write_plan` wrote; raises ConfigError where it is damaged."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        plan = SweepPlan(
            metric=content["optimized_metric"],
            mode=content["optimized_mode"],
            rank=content["rank"],
            flags=content["flags"],
            config_hash=content["config_hash"],
            started=str(content.get("started", "")),
        )
        for saved in content["rounds"]:
            jobs = [Job(job["number"], tuple(job["overrides"])) for job in saved["jobs"]]
            plan.add(Round(jobs, saved["groups"], saved["alone"]))
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: not the plan of a sweep ({type(error).__name__})") from None
    return plan
