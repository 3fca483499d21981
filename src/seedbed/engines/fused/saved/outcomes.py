"""Outcomes of jobs as plain values; their weights are kept with those of all jobs."""

from typing import Any

from seedbed.runs.outcome import EpochState, RunOutcome

_PLAIN = ("status", "error", "stopped", "warning", "metrics", "metrics_epoch")


def plain(outcome: RunOutcome) -> dict[str, Any]:
    """Return the outcome of a job in training, or at its end, without weights and curves."""
    fields = {name: getattr(outcome, name) for name in _PLAIN}
    fields["metrics"] = dict(outcome.metrics)
    for name in ("best", "last"):
        state = getattr(outcome, name)
        fields[name] = state and {
            "epoch": state.epoch,
            "step": state.step,
            "metrics": dict(state.metrics),
        }
    return fields


def outcome_of(fields: dict[str, Any]) -> RunOutcome:
    """Return the outcome that `plain` was given; its weights are missing."""
    outcome = RunOutcome(**{name: fields[name] for name in _PLAIN})
    for name in ("best", "last"):
        setattr(outcome, name, EpochState(**fields[name]) if fields[name] else None)
    return outcome
