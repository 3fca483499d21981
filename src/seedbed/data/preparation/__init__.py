"""Preparation of a table: what is fitted to its training rows, and applied to any rows."""

from seedbed.data.preparation.fitting import FitOptions, fit
from seedbed.data.preparation.preparation import Preparation

__all__ = ["FitOptions", "Preparation", "fit"]
