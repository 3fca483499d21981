"""Some jobs of a saved state: how far they are, and the state of a group that is made of them."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from seedbed.engines.fused.early_stopping import EarlyStoppingRule, watched

# What a state has of each job that is in the engine's rows, and of each that ended before.
_ROWS = ("rows", "others", "best", "states")


class Standing(NamedTuple):
    """How far a job is: the epochs it has trained, and whether it trains on."""

    epoch: int
    goes_on: bool


def standings(
    state: dict[str, Any], max_epochs: Sequence[int], rules: Sequence[EarlyStoppingRule | None]
) -> list[Standing]:
    """Return how far each job of a group is.

    Args:
        state: State of the group.
        max_epochs: Epochs of each job, as they are now.
        rules: Early stopping of each job, as it is now.
    """
    waited = _waited(state)
    found = []
    for job, (outcome, most, rule) in enumerate(
        zip(state["history"]["outcomes"], max_epochs, rules, strict=True)
    ):
        if outcome["status"] == "running":
            found.append(Standing(state["epoch"], True))
            continue
        epoch = outcome["metrics_epoch"] or 0
        counts_on = rule is not None and state["stopping"]["watched"][job] == watched(rule)
        stops = rule is not None and counts_on and waited[job] >= rule.patience
        found.append(
            Standing(epoch, outcome["status"] == "completed" and epoch < most and not stops)
        )
    return found


def cohorts(found: Sequence[Standing], epoch: int) -> list[list[int]]:
    """Return the jobs that train on together, as they are equally far, by their places in a group.

    `epoch` is that of the group, whose jobs come first, together with those that do not train on.
    """
    by_epoch: dict[int, list[int]] = {epoch: []}
    for place, job in enumerate(found):
        by_epoch.setdefault(job.epoch if job.goes_on else epoch, []).append(place)
    return [places for places in by_epoch.values() if places]


def select(state: dict[str, Any], places: Sequence[int], epoch: int) -> dict[str, Any]:
    """Return the state of a group of these jobs alone, after so many epochs.

    Args:
        state: State of the whole group.
        places: Places of the jobs in the group, in their order; those that are to train on have
            all trained `epoch` epochs.
        epoch: Epochs that they have trained.
    """
    jobs, whole = len(state["history"]["outcomes"]), list(places)
    if whole == list(range(jobs)) and epoch == state["epoch"]:
        return state
    outcomes = [state["history"]["outcomes"][place] for place in whole]
    sources = _places_of_rows(state)
    at = [number for number, outcome in enumerate(outcomes) if _is_at(outcome, epoch, state)]
    ended = [number for number in range(len(whole)) if number not in set(at)]
    here, before = ([sources[whole[number]] for number in some] for some in (at, ended))
    running = [outcomes[number]["status"] == "running" for number in at]
    return {
        **state,
        "epoch": epoch,
        "job": torch.tensor(at, dtype=torch.int64),
        "running": torch.tensor(running, dtype=torch.bool),
        **{name: _taken(state, name, here) for name in _ROWS},
        "ended": {
            "job": torch.tensor(ended, dtype=torch.int64),
            **{name: _taken(state, name, before) for name in _ROWS},
            "stopping": _counts(state, before),
        },
        "history": _history(state["history"], whole),
        "rates": _rates(state, whole, epoch),
        "stopping": {
            **_counts(state, here),
            "watched": [state["stopping"]["watched"][place] for place in whole],
        },
    }


def with_states(state: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return a state with these tensors of the optimizer alone.

    Others it has where a job that does not go on needs them, as one with momentum a buffer.
    """

    def needed(states: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: value for name, value in states.items() if name in names}

    ended = state["ended"]
    ended = {**ended, "states": needed(ended["states"])}
    return {**state, "states": needed(state["states"]), "ended": ended}


class _Row(NamedTuple):
    """Row of a job: among those that ended before the others, or among those of the engine."""

    ended: bool
    row: int


def _places_of_rows(state: dict[str, Any]) -> dict[int, _Row]:
    rows = {job: _Row(False, row) for row, job in enumerate(state["job"].tolist())}
    ended = state["ended"]["job"].tolist()
    return rows | {job: _Row(True, row) for row, job in enumerate(ended)}


def _is_at(outcome: dict[str, Any], epoch: int, state: dict[str, Any]) -> bool:
    if outcome["status"] == "running":
        return bool(state["epoch"] == epoch)
    return bool(outcome["status"] == "completed" and outcome["metrics_epoch"] == epoch)


def _taken(state: dict[str, Any], name: str, rows: Sequence[_Row]) -> Any:
    """Return the tensors of some jobs, wherever they are."""
    return tree_map(lambda now, then: _picked(now, then, rows), state[name], state["ended"][name])


def _picked(present: Tensor, ended: Tensor, rows: Sequence[_Row]) -> Tensor:
    # Those of the engine come first.
    both = torch.cat((present, ended))
    at = [row.row + len(present) * row.ended for row in rows]
    return both[torch.tensor(at, dtype=torch.int64)]


def _counts(state: dict[str, Any], rows: Sequence[_Row]) -> dict[str, Tensor]:
    now, then = state["stopping"], state["ended"]["stopping"]
    return {name: _picked(now[name], then[name], rows) for name in ("best", "waited")}


def _waited(state: dict[str, Any]) -> list[int]:
    """Return the epochs without improvement of each job."""
    sources = _places_of_rows(state)
    rows = [sources[job] for job in range(len(state["history"]["outcomes"]))]
    waited: list[int] = _counts(state, rows)["waited"].tolist()
    return waited


def _history(history: dict[str, Any], places: list[int]) -> dict[str, Any]:
    at = torch.tensor(places, dtype=torch.int64)
    columns = {
        name: history[name] for name in ("curves", "latest", "best_epoch", "best_step", "best")
    }
    return {
        **history,
        "outcomes": [history["outcomes"][place] for place in places],
        **tree_map(lambda column: column[at], columns),
    }


def _rates(state: dict[str, Any], places: list[int], epoch: int) -> dict[str, Any]:
    """Return the rates of some jobs; a schedule that others have taken further is not theirs."""
    rates = state["rates"]
    return {
        **rates,
        "places": [rates["places"][place] for place in places],
        "courses": rates["courses"] if epoch == state["epoch"] else [""] * len(rates["courses"]),
    }
