"""Schema of the whole config of a verb, and of the groups without options."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf

from seedbed.config.metrics import named, rules
from seedbed.config.schema import own_module
from seedbed.config.schema.data import SPLITS
from seedbed.config.schema.field import Schema, key
from seedbed.config.schema.model import InitialWeights
from seedbed.config.schema.repeat import SOURCES, SOURCES_MEANING
from seedbed.config.schema.trainer import ACCELERATORS, no_gpu

MOST_TAGS = 50


@dataclass
class Paths(Schema):
    """Folders of data and outputs."""

    data: str = key("folder of downloaded data", MISSING, is_path=True)
    outputs: str = key("folder of runs and sweeps", MISSING, is_path=True)


@dataclass
class Freeze(Schema):
    """Frozen parameters."""

    parameters: list[str] = key("glob patterns of the names of parameters that are not trained", [])
    until_epoch: int | None = key(
        "epoch in which their training begins; null: never", None, at_least=2, fuses=(None,)
    )

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a thaw of nothing, or one that several processes would not agree on."""
        if node.until_epoch is None:
            return
        if not node.parameters:
            yield f"freeze.until_epoch: {node.until_epoch}, but freeze.parameters names none"
        if (config.trainer.devices or 1) > 1 or config.trainer.strategy == "ddp":
            yield "freeze.until_epoch needs one device: processes agree on what trains at the start"

    @classmethod
    def out_of_reach(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a thaw after the end of the run."""
        last, thaws = config.trainer.max_epochs, node.until_epoch
        if last and thaws is not None and thaws > last:
            yield f"freeze.until_epoch: {thaws} is after trainer.max_epochs={last}; null: never"


# What `sweep.workers` may be.
_COUNT_OR_AUTO = "a number from 1 on, auto or null"


@dataclass
class Sweep(Schema):
    """Sweep: the jobs of `-m`, and how they run."""

    fuse: str = key(
        "train jobs side by side: auto (where it pays), always, never",
        "auto",
        one_of=("auto", "always", "never"),
    )
    chunk_size: int | None = key(
        "most jobs that train as one program; null: as many as fit in memory", None, at_least=1
    )
    plan: bool = key("print axes, jobs and groups, and stop", False)
    space: dict[str, Any] = key(
        "what a search varies: {KEY: TEXT}, as -m has it, or "
        "{KEY: {values: TEXT, when: {KEY: TEXT}}}",
        {},
    )
    zip: list[str] = key("keys whose axes are paired instead of crossed", [])
    table: str | None = key("CSV file with a job a row and a key a column", None, is_path=True)
    repeats: int = key("seeds of each job, from its own on", 1, at_least=1)
    folds: int | None = key(
        "folds of a cross-validation, which each job is crossed with; null: none", None, at_least=2
    )
    refit: bool = key(
        "after the folds, train the best configuration on all rows but the test rows, into refit/",
        False,
    )
    figures: bool = key("draw the figures of a search, into figures/ and TensorBoard", True)
    page_rows: int = key(
        "most jobs of which report.html is written at the end, a page that shows them; 0: never",
        10_000,
        at_least=0,
    )
    points: int = key("most epochs in the curves of jobs that train side by side", 100, at_least=2)
    keep: str = key(
        "folders that are kept: all, packed (all, in a few files), best (of the top jobs), record "
        "(none)",
        "all",
        one_of=("all", "packed", "best", "record"),
    )
    top: int | None = key(
        "jobs, of folds configurations: how many keep their folders with keep=best (null: 10, or "
        "the Pareto front), or train on with sweep.resume (null: all)",
        None,
        at_least=1,
    )
    rank: str = key(
        "epoch by which jobs are ranked: their best, or their last", "best", one_of=("best", "last")
    )
    every_seconds: float = key(
        "seconds between two saves of jobs that train side by side", 60.0, at_least=0
    )
    workers: int | str | None = key(
        "processes that run groups: N, or auto (one a GPU, else one for every few cores), each "
        "with its share of the cores or a GPU of its own; of a launcher: how many it starts; null: "
        "this process, or as many as the launcher likes",
        None,
        expected=_COUNT_OR_AUTO,
    )
    retries: int = key(
        "times that jobs are run again whose worker has died or run out of memory or time",
        2,
        at_least=0,
    )
    lost_after: float = key(
        "seconds after which a worker that gives no sign is taken for dead", 120.0, at_least=10
    )
    detach: bool = key("hand the sweep over to a process in the background, and return", False)
    on_failure: str | None = key(
        "when a job is wrong or fails: continue with the others, or stop; null: continue, but for "
        "a wrong key or value",
        None,
        one_of=("continue", "stop"),
    )
    resume: str | None = key("folder of a sweep to go on with, or latest", None, is_path=True)

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield what goes with nothing: a refit without folds, a part of a Pareto front."""
        if node.refit and node.folds is None:
            yield "sweep.refit=true: it follows a cross-validation; give sweep.folds=5 as well"
        yield from problems_of_workers(node.workers)
        if node.keep == "best" and node.top is not None and len(named(config.optimized_metric)) > 1:
            yield (
                f"sweep.top={node.top}: of several objectives sweep.keep=best keeps the whole "
                "Pareto front; leave it out"
            )


def problems_of_workers(workers: object) -> Iterator[str]:
    """Yield what is wrong with `sweep.workers`."""
    if workers is None or workers == "auto" or (type(workers) is int and workers >= 1):
        return
    yield f"sweep.workers: {workers if workers != '' else repr(workers)}; expected {_COUNT_OR_AUTO}"


@dataclass
class Train(Schema):
    """Config of `seedbed train`."""

    data: Any = key("the dataset; picks its task", MISSING)
    model: Any = key("the network", MISSING)
    module: Any = key(
        "a LightningModule of yours, in place of model, task, optimizer and schedule",
        {"_target_": None},
    )
    task: Any = key("loss and metrics; every data option picks its own", MISSING)
    optimizer: Any = key("the optimizer and its hyperparameters", MISSING)
    gradient: Any = key("computation of the gradient of the loss", MISSING)
    scheduler: Any = key("learning rate schedule", MISSING, varies=True)
    trainer: Any = key("device, precision, length", MISSING)
    callbacks: Any = key("checkpoints, early stopping, progress", MISSING)
    logger: Any = key("logger of the metrics", MISSING)
    stop: Any = key(
        "rule by which a search stops bad trials; every search picks its own", {"_target_": None}
    )
    search: Any = key("sampler of the trials of a sweep", {"_target_": None})
    paths: Any = key("folders of data and outputs", MISSING)
    initial_weights: InitialWeights = key(
        "initial values of the parameters", InitialWeights, varies=True
    )
    freeze: Freeze = key("parameters that are not trained", Freeze)
    resume: str | None = key("run folder to go on with, or latest", None, is_path=True)
    schedule_of: str | None = key(
        "folder of a trial of search=pbt, or of the sweep, whose best is meant: train its schedule "
        "alone",
        None,
        is_path=True,
    )
    schedule: list[Any] = key(
        "numbers that change on the way: [{epoch: 0, values: {optimizer.lr: 0.1}}, ...], each from "
        "the end of its epoch on",
        [],
    )
    sweep: Sweep = key("execution of the jobs of -m", Sweep)
    name: str | None = key(
        "name of the run in lists and loggers, such as lr_${optimizer.lr}; null: none",
        None,
        most_letters=200,
        varies=True,
    )
    tags: list[str] = key(
        "words by which the run is found, such as [baseline,paper]",
        [],
        most_letters=64,
        varies=True,
    )
    notes: str | None = key(
        "remarks on the run; null: none",
        None,
        most_letters=10_000,
        lines=True,
        varies=True,
    )
    page: bool = key(
        "write report.html, a page that shows the run, at its end; of a sweep: sweep.page_rows",
        True,
    )
    seed: int = key(
        "random seed of initial weights, batch order and dropout",
        0,
        at_least=0,
        below=2**32,
        varies=True,
        independent=True,
    )
    optimized_metric: Any = key(
        "metric of the best epoch, or a list of objectives; null: val/loss, else train/loss", None
    )
    optimized_mode: Any = key(
        "min or max, or a list of them; null: follows from the metric", None, one_of=("min", "max")
    )
    trust: list[str] = key(
        "modules of yours that sweep.resume and configs from elsewhere may make classes of", []
    )

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield metrics that are watched and not logged, or of which nobody says what is better.

        And keys that do nothing beside a LightningModule of the user's.
        """
        yield from own_module.problems(config)
        yield from _schedule_problems(config)
        if len(node.tags) > MOST_TAGS:
            yield f"tags: {len(node.tags)} of them, and a run may have {MOST_TAGS}"
        yield from rules.problems(config)


def _schedule_problems(config: DictConfig) -> Iterator[str]:
    """Yield what is wrong with `schedule`, or with a run that it shall change."""
    if not config.schedule:
        return
    from seedbed.config.scheduled_numbers import schedule_problems  # It asks all schemas.

    entries: Any = OmegaConf.to_container(config.schedule, resolve=True)
    yield from schedule_problems(entries)
    if own_module.is_chosen(config):
        yield "schedule: a module of yours sets its numbers itself"


@dataclass
class Reading(Schema):
    """Config of a verb that reads a run."""

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield a GPU that is not there."""
        if node.accelerator == "gpu":
            yield from no_gpu("accelerator", "accelerator=cpu")


@dataclass
class Evaluate(Reading):
    """Config of `seedbed evaluate`."""

    run: str = key("folder of a run or a sweep, or latest, a run", MISSING, is_path=True)
    split: str | None = key("train, val or test; null: test, or input", None, one_of=SPLITS)
    input: str | None = key(
        "file or folder of new rows with their targets, in place of a split", None, is_path=True
    )
    targets: str | None = key(
        ".npy file of the targets, where input is one of inputs", None, is_path=True
    )
    output: str | None = key(
        "JSON file to write; null: evaluate-NAME.json in the run folder", None, is_path=True
    )
    file: str | None = key(
        "file or folder of the data, where it has moved; null: where the run says",
        None,
        is_path=True,
    )
    checkpoint: str = key("best or last", "best", one_of=("best", "last"))
    ensemble: str = key(
        "of a sweep, which jobs predict together: best, those of its best configuration, or all",
        "best",
        one_of=("best", "all"),
    )
    accelerator: str = key("auto, cpu or gpu", "auto", one_of=ACCELERATORS)
    sources: str = key(SOURCES_MEANING, "working", one_of=SOURCES)
    trust: list[str] = key("modules of yours that the run may load classes from", [])
    paths: Any = key("folders of data and outputs", MISSING)

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield what `Reading` does, and rows that are named twice."""
        yield from super().problems(node, config, key)
        yield from _rows_named_twice(node)
        if node.targets is not None and node.input is None:
            yield f"targets={node.targets}: it goes with input=, a .npy file of inputs"


@dataclass
class Predict(Reading):
    """Config of `seedbed predict`."""

    run: str = key("folder of a run or a sweep, or latest, a run", MISSING, is_path=True)
    input: Any = key(
        "table, .npy or image file, folder or pattern of images, or rows as [[...], ...] or "
        "[{name: value}, ...]",
        None,
    )
    split: str | None = key(
        "train, val or test: the run's own rows, in place of input", None, one_of=SPLITS
    )
    file: str | None = key(
        "file or folder of the data of a split, where it has moved; null: where the run says",
        None,
        is_path=True,
    )
    output: str | None = key(
        "CSV, Parquet or .npy file to write; null: a table", None, is_path=True
    )
    apply_softmax: bool = key("probabilities of a classification; false: its logits", True)
    checkpoint: str = key("best or last", "best", one_of=("best", "last"))
    ensemble: str = key(
        "of a sweep, which jobs predict together: best, those of its best configuration, or all",
        "best",
        one_of=("best", "all"),
    )
    accelerator: str = key("auto, cpu or gpu", "auto", one_of=ACCELERATORS)
    sources: str = key(SOURCES_MEANING, "working", one_of=SOURCES)
    trust: list[str] = key("modules of yours that the run may load classes from", [])
    paths: Any = key("folders of data and outputs", MISSING)

    @classmethod
    def problems(cls, node: DictConfig, config: DictConfig, key: str) -> Iterator[str]:
        """Yield what `Reading` does, and rows that are not named once."""
        yield from super().problems(node, config, key)
        yield from _rows_named_twice(node)
        if node.input is None and node.split is None:
            meaning = cls.__dataclass_fields__["input"].metadata["meaning"]
            yield f"input: a value is required ({meaning}), or split=test for the run's own rows"


def _rows_named_twice(node: DictConfig) -> Iterator[str]:
    """Yield where both `input` and `split` name rows, or `file` goes with none of a split."""
    if node.input is not None and node.split is not None:
        yield f"split={node.split}: beside input=; one of them says which rows"
    if node.file is not None and node.input is not None:
        yield f"file={node.file}: it says where the rows of a split are, and input= names others"
