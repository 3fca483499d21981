"""Figures of a search: its trials by number, by key, by epoch, and by two objectives."""

from seedbed.figures.search.front import front
from seedbed.figures.search.history import history
from seedbed.figures.search.importances import importances
from seedbed.figures.search.population import population
from seedbed.figures.search.slices import Slice, slices
from seedbed.figures.search.trial_curves import trial_curves
from seedbed.figures.search.trials import COMPLETED, FAILED, STOPPED

__all__ = [
    "COMPLETED",
    "FAILED",
    "STOPPED",
    "Slice",
    "front",
    "history",
    "importances",
    "population",
    "slices",
    "trial_curves",
]
