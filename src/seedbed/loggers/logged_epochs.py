"""Points of the curves of a run: the epochs that are logged, in memory and by every logger."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from seedbed.runs.outcome import Curves

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger


class LoggedEpochs:
    """Epochs whose numbers were logged.

    Args:
        every_n_epochs: Epochs between two logged points; the first and the last are logged anyway.
    """

    def __init__(self, every_n_epochs: int = 1) -> None:
        self.every_n_epochs = every_n_epochs
        self._logged: dict[int, dict[str, float]] = {}
        self._before = -1

    def go_on_after(self, epoch: int | None) -> None:
        """Take note that a run goes on after an epoch, up to which all is logged already."""
        self._before = -1 if epoch is None else epoch

    def add(
        self,
        loggers: Iterable[Logger],
        epoch: int,
        values: Mapping[str, float],
        hidden: Collection[str] = (),
        *,
        last: bool = False,
    ) -> None:
        """Log the numbers of an epoch, if it is due and not logged yet.

        Args:
            loggers: Loggers that get it.
            epoch: Number of the epoch, from 1.
            values: Numbers by name.
            hidden: Names that no logger is to have.
            last: Whether it is the last epoch, which is always due.
        """
        due = last or epoch == 1 or epoch % self.every_n_epochs == 0
        if not due or epoch in self._logged or epoch <= self._before:
            return
        self._logged[epoch] = dict(values)
        shown = {name: value for name, value in values.items() if name not in hidden}
        for logger in loggers:
            logger.log_metrics(shown, step=epoch)

    def curves(self) -> Curves:
        """Return the numbers logged so far by epoch; of a run that went on, since then."""
        names = dict.fromkeys(name for values in self._logged.values() for name in values)
        return Curves(
            np.array(list(self._logged), dtype=np.int64),
            {
                name: np.array([values.get(name, np.nan) for values in self._logged.values()])
                for name in names
            },
        )
