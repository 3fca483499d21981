"""Allowlist: the classes that a config may name without the user's trust.

They are Seedbed's own, and classes of torch, torchmetrics and Lightning that compute, log or
control, each by its full name or by its kind. A name is a module that is listed here and a class in
it, never a function, a method, or something that is reached through what a module imports.
"""

from importlib import import_module
from pkgutil import resolve_name
from typing import NamedTuple

from seedbed.config.schema.store import schema_targets


class Kind(NamedTuple):
    """Kind of classes: `base` is what they derive from, `homes` the packages that define them."""

    base: str
    homes: tuple[str, ...]


_METRIC_HOMES = tuple(
    f"torchmetrics.{name}" for name in ("aggregation", "classification", "regression", "wrappers")
)
# Module of a name -> what the class must be. Metrics of text, images and sound are left out: some
# of them download models.
KINDS = {
    "torch.nn": Kind("torch.nn:Module", ("torch.nn",)),
    "torch.optim": Kind("torch.optim:Optimizer", ("torch.optim",)),
    "torch.optim.lr_scheduler": Kind(
        "torch.optim.lr_scheduler:LRScheduler", ("torch.optim.lr_scheduler",)
    ),
    **dict.fromkeys(("torchmetrics", *_METRIC_HOMES), Kind("torchmetrics:Metric", _METRIC_HOMES)),
}

# Lightning's callbacks that neither write files of their own nor call functions that they are
# given. Its loggers write wherever a config says, so none of them is here.
CALLBACKS = frozenset(
    (
        "seedbed.callbacks.EarlyStopping",  # It is made in place of Lightning's.
        *(
            f"pytorch_lightning.callbacks.{name}"
            for name in (
                *("DeviceStatsMonitor", "EarlyStopping", "EMAWeightAveraging"),
                *("LearningRateMonitor", "GradientAccumulationScheduler", "ModelSummary"),
                *("RichModelSummary", "RichProgressBar", "StochasticWeightAveraging", "Timer"),
                *("TQDMProgressBar", "WeightAveraging"),
            )
        ),
    )
)

# What Hydra makes for every command, besides launchers other than its own.
OF_HYDRA = frozenset(
    (
        "seedbed.application.before_run.CheckBeforeRun",
        "hydra_plugins.seedbed_sweeper.SeedbedSweeper",
        "hydra._internal.core_plugins.basic_launcher.BasicLauncher",
        "hydra._internal.core_plugins.basic_sweeper.BasicSweeper",
        *("logging.StreamHandler", "logging.NullHandler", "logging.Formatter"),
        *("sys.stdout", "sys.stderr"),
    )
)


def is_allowed(target: str) -> bool:
    """Return whether anybody's config may name this; torch is imported only for a class of it."""
    if target in CALLBACKS or target in schema_targets():
        return True
    module, _, name = target.rpartition(".")
    kind = KINDS.get(module)
    if kind is None or not (name.isidentifier() and name[0].isupper()):
        return False
    named = getattr(import_module(module), name, None)
    if not (isinstance(named, type) and issubclass(named, resolve_name(kind.base))):
        return False
    return any(f"{named.__module__}.".startswith(f"{home}.") for home in kind.homes)
