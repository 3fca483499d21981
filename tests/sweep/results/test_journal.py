"""optuna.log, as Optuna itself reads it."""

import json
from dataclasses import replace
from math import inf
from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._storage import JournalOperation
from optuna.trial import FrozenTrial, TrialState, create_trial

from seedbed.sweep.results.journal import EndedTrial, Journal, Operation, Study

SPACE = {
    "optimizer.lr": FloatDistribution(1e-5, 1e-1, log=True),
    "model.hidden_size": IntDistribution(4, 64),
    "optimizer": CategoricalDistribution(["adam", "sgd"]),
}
PARAMS = {"optimizer.lr": 0.1 / 3, "model.hidden_size": 17, "optimizer": "sgd"}
TRIAL = EndedTrial(
    "completed",
    PARAMS,
    SPACE,
    [0.25],
    {0: 2.0, 4: 0.25},
    "2026-11-26T08:00:00Z",
    1.5,
    {"folder": "0", "train/loss": 1 / 3},
)
ONE = Study("lines", ["val/loss"], ["min"], {"command": "seedbed train -m"})
TWO = Study("front", ["val/loss", "val/accuracy"], ["min", "max"])


def opened(path: Path) -> optuna.Study:
    """Return the study of a journal."""
    return optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(str(path))))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return where the journal is written."""
    return tmp_path / "optuna.log"


def test_a_trial_is_what_optuna_itself_would_have_written(log: Path) -> None:
    Journal(log, ONE).write([TRIAL])
    study, reference = opened(log), optuna.create_study()
    reference.add_trial(
        create_trial(
            params=PARAMS,
            distributions=SPACE,
            value=0.25,
            intermediate_values={0: 2.0, 4: 0.25},
            user_attrs={"folder": "0", "train/loss": 1 / 3},
        )
    )
    [ours], [theirs] = study.trials, reference.trials
    for name in ("params", "distributions", "values", "intermediate_values", "user_attrs", "state"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.datetime_start is not None
    assert ours.duration is not None
    assert ours.duration.total_seconds() == 1.5
    assert (study.study_name, study.metric_names) == ("lines", ["val/loss"])
    assert study.user_attrs == {"command": "seedbed train -m"}
    assert {each.name: each.value for each in Operation}.items() <= {
        each.name: each.value for each in JournalOperation
    }.items()


def states(trials: list[FrozenTrial]) -> list[tuple[TrialState, list[float] | None]]:
    """Return the state and values of each trial."""
    return [(trial.state, trial.values) for trial in trials]


@pytest.mark.parametrize(("study", "worst"), [(ONE, [inf]), (TWO, [inf, -inf])])
def test_trials_have_the_states_of_optuna_whatever_became_of_them(
    log: Path, study: Study, worst: list[float]
) -> None:
    values = [1.0, 2.0][: len(worst)]
    trials = [
        replace(TRIAL, status=status, values=values)
        for status in ("completed", "stopped_early", "failed", "diverged", "interrupted")
    ]
    trials.append(replace(TRIAL, values=None))  # A metric that was not measured.
    Journal(log, study).write(trials)
    read = opened(log)
    assert states(read.trials) == [
        (TrialState.COMPLETE, values),
        (TrialState.PRUNED, values),
        (TrialState.FAIL, None),
        (TrialState.COMPLETE, worst),
        (TrialState.FAIL, None),
        (TrialState.FAIL, None),
    ]
    best = read.best_trials
    assert [trial.number for trial in best] == [0]


def test_constraints_keep_a_trial_from_being_the_best(log: Path) -> None:
    better = replace(TRIAL, values=[0.1], constraints=[3.0, -1.0])
    Journal(log, ONE).write([replace(TRIAL, constraints=[-2.0, 0.0]), better])
    study = opened(log)
    assert study.best_trial.number == 0
    assert study.trials[1].constraints == {"0": 3.0, "1": -1.0}


def test_a_journal_has_the_same_bytes_however_it_is_written(log: Path) -> None:
    trials = [replace(TRIAL, values=[float(number)]) for number in range(6)]
    journal = Journal(log, ONE)
    for number in (2, 2, 3, 6):
        journal.write(trials[:number])
    whole = log.read_bytes()
    log.write_bytes(whole[:-9])  # A kill in the middle of a line.
    assert len(opened(log).trials) == 5
    Journal(log, ONE).begin(trials)
    assert log.read_bytes() == whole


def test_what_a_dashboard_noted_is_kept_and_nothing_else_that_others_wrote(log: Path) -> None:
    Journal(log, ONE).write([TRIAL])
    whole = log.read_text()
    study = opened(log)
    storage, number = study._storage, study._study_id
    storage.set_study_system_attr(number, "dashboard:note_str:0", "the first one")
    storage.set_study_system_attr(number, "cma:0", "80049503")
    study.add_trial(create_trial(value=-1.0))
    others = [
        "dashboard: no JSON",
        '{"op_code":3,"study_id":0,"system_attr":{"dashboard:a":1,"b":2}}',
        '["dashboard:"]',
        "[" * 100_000 + "dashboard:",
    ]
    with log.open("a") as file:
        file.write("\n".join(others) + "\n")
    Journal(log, ONE).begin([TRIAL])
    assert log.read_text().startswith(whole)
    added = [json.loads(line) for line in log.read_text()[len(whole) :].splitlines()]
    assert [line["system_attr"] for line in added] == [{"dashboard:note_str:0": "the first one"}]
    assert opened(log).best_value == 0.25
