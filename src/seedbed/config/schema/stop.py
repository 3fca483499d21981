"""Schema of the `stop=` options: which trials of a search are stopped before their end."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf

from seedbed.config.metrics import is_of_validation, optimized_metric
from seedbed.config.rungs import brackets, looks, rungs
from seedbed.config.schema.field import Schema, key

_RULES = "seedbed.training.trial_stopping"
# Share of a training after which `top_k_after` decides (see docs/search.md, "Rules that stop").
SHARE = 5


@dataclass
class NoStop(Schema):
    """No rule: every trial trains to its end."""

    _target_: str | None = key("class of the rule; null: none", None)


@dataclass
class Stop(Schema):
    """Rule that stops bad trials."""

    _target_: str = key("class of the rule", MISSING)

    def looks(self, max_epochs: int, first: int = 1) -> list[int]:
        """Return the epochs after which the rule looks at trials of a length, ascending.

        `first` is the first epoch after which there is a value.
        """
        raise NotImplementedError

    def earlier_trials(self) -> int | None:
        """Return how many completed trials of earlier generations it needs; None: it needs none."""
        return None

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a training whose length in epochs is not known."""
        if config.trainer.max_epochs is None:
            yield f"{key}: it looks at epochs of a training; give trainer.max_epochs, or stop=none"

    @classmethod
    def out_of_reach(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield what was typed of which no epoch is looked at, or one before there is a value."""
        options: Any = OmegaConf.to_object(node)
        last, first = config.trainer.max_epochs, first_value(config)
        typed = [name for name in _LENGTHS if node.get(name)]
        if last is None or not typed:
            return
        epochs = options.looks(last)
        if not epochs:
            names = ", ".join(f"{key}.{name}={node[name]}" for name in typed)
            yield f"{names}: no trial of trainer.max_epochs={last} is looked at before its end"
        elif epochs[0] < first and cls in (TopKAfter, Halving, Hyperband):
            yield (
                f"{key}: it looks after epoch {epochs[0]}, and the first validation is after epoch "
                f"{first} (trainer.check_val_every_n_epoch)"
            )


# The keys that say after which epochs a rule looks.
_LENGTHS = ("min_epochs", "min_early_stopping_rate", "n_warmup_epochs")


def first_value(config: DictConfig) -> int:
    """Return the first epoch after which the metric is known by which trials are judged."""
    every = config.trainer.check_val_every_n_epoch or 1
    return every if is_of_validation(optimized_metric(config)[0]) else 1


@dataclass
class TopKAfter(Stop, target=f"{_RULES}.top_k_after.TopKAfter"):
    """The best after a fixed number of epochs train on (i-Epoch, arXiv 2307.15422)."""

    min_epochs: int | None = key(
        f"epochs that every trial trains; null: 1/{SHARE} of trainer.max_epochs", None, at_least=1
    )
    reduction_factor: int = key("trials for one that trains on", 20, at_least=2)

    def looks(self, max_epochs: int, first: int = 1) -> list[int]:
        """Return the one epoch after which the rule looks."""
        epoch = self.min_epochs or max(first, max_epochs // SHARE)
        return [epoch] if epoch < max_epochs else []


@dataclass
class Halving(Stop, target=f"{_RULES}.halving.Halving"):
    """Asynchronous successive halving: rungs at which the best go on (ASHA, arXiv 1810.05934)."""

    min_epochs: int | None = key(
        "epochs before the first rung; null: 1/100 of trainer.max_epochs", None, at_least=1
    )
    reduction_factor: int = key(
        "trials for one that goes on at a rung; epochs from rung to rung grow by it", 4, at_least=2
    )
    min_early_stopping_rate: int = key("rungs that are left out at the beginning", 0, at_least=0)

    def looks(self, max_epochs: int, first: int = 1) -> list[int]:
        """Return the epochs of the rungs."""
        epochs = self.min_epochs or max(first, max_epochs // 100)
        return rungs(epochs, self.reduction_factor, max_epochs, self.min_early_stopping_rate)


@dataclass
class Hyperband(Stop, target=f"{_RULES}.hyperband.Hyperband"):
    """Brackets of successive halving that begin at different rungs (arXiv 1603.06560)."""

    min_epochs: int | None = key(
        "epochs before the first rung of the first bracket; null: 1/100 of trainer.max_epochs",
        None,
        at_least=1,
    )
    reduction_factor: int = key(
        "trials for one that goes on at a rung; epochs from rung to rung grow by it", 3, at_least=2
    )

    def brackets(self, max_epochs: int, first: int = 1) -> list[list[int]]:
        """Return the epochs of the rungs of each bracket."""
        epochs = self.min_epochs or max(first, max_epochs // 100)
        return brackets(epochs, self.reduction_factor, max_epochs) if epochs < max_epochs else []

    def looks(self, max_epochs: int, first: int = 1) -> list[int]:
        """Return the epochs of the rungs of all brackets."""
        return sorted({epoch for rungs in self.brackets(max_epochs, first) for epoch in rungs})


@dataclass
class Median(Stop, target=f"{_RULES}.median.Median"):
    """A trial that is worse than the median of completed ones stops (Golovin et al., 2017)."""

    n_startup_trials: int = key("completed trials before the first is stopped", 5, at_least=0)
    n_warmup_epochs: int = key("epochs before which no trial is stopped", 0, at_least=0)
    interval_epochs: int = key("epochs between two looks", 1, at_least=1)
    n_min_trials: int = key(
        "completed trials with a value at an epoch that the median needs", 1, at_least=1
    )

    def looks(self, max_epochs: int, first: int = 1) -> list[int]:
        """Return every so many epochs after the warmup."""
        every = looks(self.n_warmup_epochs, self.interval_epochs, max_epochs)
        return [epoch for epoch in every if epoch >= first]

    def earlier_trials(self) -> int:
        """Return those of which it takes the median."""
        return self.n_startup_trials


@dataclass
class Patient(Stop, target=f"{_RULES}.patient.Patient"):
    """A trial that has not improved for some epochs stops, where another rule wants it, too."""

    patience: int = key("epochs without improvement", 10, at_least=1)
    min_delta: float = key("smallest change that counts as one", 0.0, at_least=0)
    wrapped: Any = key(
        "rule that has to want it, too, as stop@stop.wrapped=median; none: it need not",
        {"_target_": None},
    )

    def looks(self, max_epochs: int, first: int = 1) -> list[int]:
        """Return all epochs but the last."""
        return list(range(first, max_epochs))

    @classmethod
    def out_of_reach(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a patience that is never at an end before a trial is."""
        options: Any = OmegaConf.to_object(node)
        last = config.trainer.max_epochs
        if last is None or isinstance(options.wrapped, Stop):
            return
        fewest = options.patience + first_value(config) + 2
        if last < fewest:
            yield (
                f"{key}.patience={options.patience}: no trial of trainer.max_epochs={last} is "
                f"looked at before its end; of {fewest} or more it is"
            )

    def earlier_trials(self) -> int | None:
        """Return those of the rule that has to want it, too."""
        return self.wrapped.earlier_trials() if isinstance(self.wrapped, Stop) else None
