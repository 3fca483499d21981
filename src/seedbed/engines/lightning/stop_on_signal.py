"""Signal handler of one run, which stops it between two steps."""

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from seedbed.errors import Interrupted
from seedbed.process.signals import SignalHandler


class StopOnSignal(SignalHandler, Callback):
    """Signal handler and callback that stop a run between two steps, so that its state is whole.

    While training, the first signal asks Lightning to stop after the step, which all processes of
    a distributed run do at the same step, whichever got it; at any other time, Interrupted is
    raised at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._trainer: pl.Trainer | None = None

    def _act(self, number: int) -> None:
        if self._trainer is None:
            raise Interrupted(number)
        if self._trainer.world_size == 1:
            # Lightning looks at this flag between steps; of several processes, the loop asks us.
            self._trainer._signal_connector.received_sigterm = True

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Replace Lightning's handlers, which handle SIGTERM alone."""
        self._trainer = trainer
        self._install()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Let signals stop at once again."""
        self._trainer = None

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Let signals stop at once where several processes validate: they agree on steps alone.

        The state, which lies between two steps, is taken before, while all of them are here.
        """
        if trainer.world_size > 1 and trainer.state.fn == "fit":
            trainer.fit_loop.epoch_loop.hold()  # type: ignore[attr-defined]
            self._trainer = None
            if self.received is not None:
                raise Interrupted(self.received)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Let signals stop between two steps again."""
        if trainer.world_size > 1 and trainer.state.fn == "fit":
            trainer.fit_loop.epoch_loop.release()  # type: ignore[attr-defined]
        self._trainer = trainer
