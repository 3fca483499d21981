"""Schema of the `stop=` options: which trials of a search are stopped before their end."""

from dataclasses import dataclass

from omegaconf import MISSING

from seedbed.config.schema.field import Schema, key

_RULES = "seedbed.training.stop"


@dataclass
class NoStop(Schema):
    """No rule: every trial trains to its end."""

    _target_: str | None = key("class of the rule; null: none", None)


@dataclass
class Stop(Schema):
    """Rule that stops bad trials."""

    _target_: str = key("class of the rule", MISSING)


@dataclass
class TopKAfter(Stop, target=f"{_RULES}.top_k_after.TopKAfter"):
    """One rung: the best 1 / reduction_factor go on."""

    epochs: int | None = key("epochs before the rung; null: chosen", None, at_least=1)
    reduction_factor: int = key("one trial of so many goes on", 4, at_least=2)


@dataclass
class Halving(Stop, target=f"{_RULES}.halving.Halving"):
    """Asynchronous successive halving (Li et al., 2020)."""

    min_epochs: int | None = key("epochs before the first rung; null: chosen", None, at_least=1)
    reduction_factor: int = key("one trial of so many goes on at each rung", 4, at_least=2)
    min_early_stopping_rate: int = key("rungs that are left out at the beginning", 0, at_least=0)


@dataclass
class Hyperband(Stop, target=f"{_RULES}.hyperband.Hyperband"):
    """Hyperband: brackets of successive halving (Li et al., 2018)."""

    min_epochs: int = key("epochs before the first rung of the first bracket", 1, at_least=1)
    max_epochs: int | None = key(
        "epochs of a whole trial; null: trainer.max_epochs", None, at_least=1
    )
    reduction_factor: int = key("one trial of so many goes on at each rung", 3, at_least=2)


@dataclass
class Median(Stop, target=f"{_RULES}.median.Median"):
    """Median stopping rule (Golovin et al., 2017)."""

    n_startup_trials: int = key(
        "trials that train to their end before any is stopped", 5, at_least=0
    )
    n_warmup_epochs: int = key("epochs before which no trial is stopped", 0, at_least=0)
    interval_epochs: int = key("epochs between two looks", 1, at_least=1)
    n_min_trials: int = key("values of an epoch that the median needs", 1, at_least=1)


@dataclass
class Patient(Stop, target=f"{_RULES}.patient.Patient"):
    """Patience: a trial that has not improved for so many epochs is stopped."""

    patience: int = key("epochs without improvement", 10, at_least=1)
    min_delta: float = key("smallest change that counts as one", 0.0, at_least=0)
