"""optuna.log: the trials of a search as Optuna's JournalStorage keeps them, a line a trial.

The file is written for others, Optuna and its dashboard, and nothing of a search depends on it. It
follows from the plan and the results: a search that goes on writes it whole, with the same bytes.
What a dashboard has noted there is kept.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from optuna.distributions import distribution_to_json
from optuna.study import StudyDirection
from optuna.trial import TrialState

from seedbed.errors import RunFolderError
from seedbed.files import write_atomically

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

# Of a search of a hundred thousand trials.
MOST_BYTES = 512 * 2**20
# Who has written a line, as the storage asks for.
WRITER = "seedbed"
# Under keys that begin so Optuna keeps what else it knows of a study or a trial.
_METRIC_NAMES, _CONSTRAINTS, _DASHBOARD = "study:metric_names", "constraints", "dashboard:"

Direction = Literal["min", "max"]


class Operation(IntEnum):
    """What a line does, by the numbers of Optuna's JournalStorage."""

    CREATE_STUDY = 0
    SET_STUDY_USER_ATTR = 2
    SET_STUDY_SYSTEM_ATTR = 3
    CREATE_TRIAL = 4


@dataclass(frozen=True)
class Study:
    """Study: what a search is about.

    Attributes:
        name: name of the study.
        objectives: the metrics that trials are judged by.
        directions: whether each is minimized or maximized.
        attrs: what else is worth to be known of it.
    """

    name: str
    objectives: Sequence[str]
    directions: Sequence[Direction]
    attrs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EndedTrial:
    """Trial that has ended.

    Attributes:
        status: one of `seedbed.runs.record.STATUSES`.
        params: values of the keys that it was given.
        distributions: what each of them was drawn from.
        values: the objectives, of the best epoch; of a stopped trial the last that was reported;
            None where one was not finite or measured.
        reports: the objective by epoch; of several objectives Optuna knows none.
        started: when its generation was asked for, in UTC as records have it; empty: not known.
        seconds: time that its jobs took; None where it is not known.
        attrs: what else is worth to be known of it: metrics, folders, what went wrong.
        constraints: how far each constraint is broken; 0 or less where it is kept.
    """

    status: str
    params: Mapping[str, Any]
    distributions: Mapping[str, "BaseDistribution"]
    values: Sequence[float] | None
    reports: Mapping[int, float] = field(default_factory=dict)
    started: str = ""
    seconds: float | None = None
    attrs: Mapping[str, Any] = field(default_factory=dict)
    constraints: Sequence[float] = ()


class Journal:
    """Journal of the trials of a search, in the order of their numbers."""

    def __init__(self, path: Path, study: Study) -> None:
        self.path = path
        self.study = study
        self._written: int | None = None
        self._distributions: dict[BaseDistribution, str] = {}

    def begin(self, trials: Sequence[EndedTrial] = ()) -> None:
        """Write the file anew, with these trials; raises RunFolderError where a folder is."""
        if self.path.is_dir():
            raise RunFolderError(f"{self.path}: a folder, which no search makes; move it away")
        lines = [*self._lines_of_study(), *map(self._line, trials), *_lines_of_dashboard(self.path)]
        write_atomically(self.path, "".join(lines).encode())
        self._written = len(trials)

    def write(self, trials: Sequence[EndedTrial]) -> None:
        """Add those of all trials that the file lacks yet; at first it is begun anew."""
        if self._written is None:
            self.begin(trials)
            return
        if len(trials) == self._written:
            return
        new = "".join(map(self._line, trials[self._written :]))
        with self.path.open("ab", buffering=0) as file:
            file.write(new.encode())
        self._written = len(trials)

    def _lines_of_study(self) -> Iterable[str]:
        study = self.study
        directions = [_DIRECTIONS[direction] for direction in study.directions]
        yield _line(Operation.CREATE_STUDY, {"study_name": study.name, "directions": directions})
        names = {_METRIC_NAMES: list(study.objectives)}
        yield _line(Operation.SET_STUDY_SYSTEM_ATTR, {"study_id": 0, "system_attr": names})
        for key, value in study.attrs.items():
            content = {"study_id": 0, "user_attr": {key: value}}
            yield _line(Operation.SET_STUDY_USER_ATTR, content)

    def _line(self, trial: EndedTrial) -> str:
        """Return the line that creates a trial, with all that became of it."""
        state, values = self._outcome(trial)
        several = len(self.study.objectives) > 1
        times = _times(trial.started, trial.seconds)
        distributions, constraints = trial.distributions, list(trial.constraints)
        content = {
            "study_id": 0,
            **times,
            "state": state,
            "value": None if several or values is None else values[0],
            "values": values if several else None,
            "distributions": {key: self._json(distributions[key]) for key in trial.params},
            "params": {
                key: distributions[key].to_internal_repr(value)
                for key, value in trial.params.items()
            },
            "user_attrs": dict(trial.attrs),
            # As a list, which Optuna's dashboard knows and Optuna still reads.
            "system_attrs": {_CONSTRAINTS: constraints} if constraints else {},
            "intermediate_values": {} if several else dict(trial.reports),
        }
        return _line(Operation.CREATE_TRIAL, content)

    def _outcome(self, trial: EndedTrial) -> tuple[TrialState, list[float] | None]:
        """Return state and values as Optuna has them.

        A trial that diverged has completed, with the worst of all values: the samplers and pictures
        of Optuna take one that is infinite, but none that is no number. One that was stopped has
        the values that it had reached.
        """
        if trial.status == "diverged":
            return TrialState.COMPLETE, [_WORST[each] for each in self.study.directions]
        values = None if trial.values is None else list(map(float, trial.values))
        if trial.status == "stopped_early":
            return TrialState.PRUNED, values
        if trial.status == "completed" and values is not None:
            return TrialState.COMPLETE, values
        return TrialState.FAIL, None

    def _json(self, distribution: "BaseDistribution") -> str:
        if distribution not in self._distributions:
            self._distributions[distribution] = distribution_to_json(distribution)
        return self._distributions[distribution]


_DIRECTIONS = {"min": StudyDirection.MINIMIZE, "max": StudyDirection.MAXIMIZE}
_WORST = {"min": inf, "max": -inf}


def _line(operation: Operation, content: Mapping[str, Any]) -> str:
    line = {"op_code": operation, "worker_id": WRITER, **content}
    return json.dumps(line, separators=(",", ":")) + "\n"


def _times(started: str, seconds: float | None) -> dict[str, str | None]:
    """Return when a trial began and ended; of a time that is none neither.

    The trials of a generation begin together; how long one took is its own time.
    """
    try:
        begun = datetime.fromisoformat(started).astimezone(UTC)
        ended = begun + timedelta(seconds=seconds or 0.0)
    except (ValueError, OverflowError):
        return {"datetime_start": None}
    texts = [time.isoformat(timespec="microseconds") for time in (begun, ended)]
    return {"datetime_start": texts[0], "datetime_complete": texts[1]}


def _lines_of_dashboard(path: Path) -> list[str]:
    """Return the lines in which Optuna's dashboard has noted something, as texts of a user's."""
    if not path.is_file() or path.is_symlink() or path.stat().st_size > MOST_BYTES:
        return []
    noted = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if _DASHBOARD not in line:
            continue
        try:
            content = json.loads(line)
            if content["op_code"] != Operation.SET_STUDY_SYSTEM_ATTR:
                continue
            [(key, value)] = content["system_attr"].items()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue
        if content.get("study_id") == 0 and str(key).startswith(_DASHBOARD):
            kept = {"study_id": 0, "system_attr": {key: value}}
            noted.append(_line(Operation.SET_STUDY_SYSTEM_ATTR, kept))
    return noted


def finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics that are finite, as `results.csv` gives them back, by name."""
    return {name: float(metrics[name]) for name in sorted(metrics) if isfinite(metrics[name])}
