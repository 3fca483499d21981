"""Rules of the metrics that a config watches: objectives, monitors and constraints."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from omegaconf import DictConfig

from seedbed.config.metrics import (
    ONCE_A_RUN,
    Constraint,
    excluding,
    metric_names,
    mode_of,
    named,
    parsed_constraint,
    picks_best_epoch,
    watched_metrics,
)
from seedbed.config.schema import own_module
from seedbed.config.schema.field import schema_of
from seedbed.errors import ConfigError, listed, nearest

METRIC, MODE = "optimized_metric", "optimized_mode"

# Takes a key, a metric and whether it may be one that no epoch measures; returns what is wrong.
_Check = Callable[[str, str, bool], str]


def problems(config: DictConfig) -> Iterator[str]:
    """Yield metrics that are watched and not logged, or of which nobody says what is better."""
    known, knows_all = metric_names(config), not _may_log_more(config)

    def problem_of(key: str, name: str, once: bool) -> str:
        if name in ONCE_A_RUN:
            return "" if once else f"{key}: no epoch measures {name}"
        if not knows_all or name in known:
            return ""
        every = [*known, *(ONCE_A_RUN if once else ())]
        return f"{key}: '{name}' is not logged.{nearest(name, every)} Logged: {listed(known)}"

    wrong = list(_problems_of_objectives(config, problem_of))
    yield from wrong
    if wrong:
        return
    for watched in watched_metrics(config):
        if problem := problem_of(watched.key, watched.name, False):
            yield problem
        elif watched.mode_key:
            yield from _problem_of_mode(watched.name, config, watched.mode_key)
    yield from _problems_of_constraints(config, problem_of)


def _problems_of_objectives(config: DictConfig, problem_of: _Check) -> Iterator[str]:
    metric, mode = config.optimized_metric, config.optimized_mode
    names, modes = named(metric), named(mode)
    if metric is not None and not (names and all(isinstance(name, str) for name in names)):
        yield f"{METRIC}: {metric!r} is neither a metric nor a list of some"
        return
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        yield f"{METRIC}: {twice[0]} is named twice"
    several = max(1, len(names))
    if mode is not None and len(modes) != several:
        metrics = f"{several} metric" + "s" * (several > 1)
        yield f"{MODE}: {listed(map(str, modes)) or '[]'}: {len(modes)} for {metrics} of {METRIC}"
        return
    # A mode may be given for the metric that is watched where none is named.
    for name, mode_of_name in zip(names, modes or [None] * len(names), strict=False):
        if problem := problem_of(METRIC, name, True):
            yield problem
        elif not mode_of_name:
            yield from _problem_of_mode(name, config, MODE)
    if names and picks_best_epoch(names) is None:
        yield (
            f"{METRIC}: no epoch measures {' or '.join(names)}, so none would be the best; name "
            f"another metric as well: {METRIC}=[val/loss,{','.join(names)}]"
        )


def _problem_of_mode(metric: str, config: DictConfig, key: str) -> Iterator[str]:
    try:
        mode_of(metric, config, key)
    except ConfigError as error:
        yield str(error)


def _problems_of_constraints(config: DictConfig, problem_of: _Check) -> Iterator[str]:
    """Yield texts that are no constraints, metrics that nobody logs, bounds that none keeps."""
    constraints: list[Constraint] = []
    for text in constraint_texts(config):
        try:
            constraint = parsed_constraint(text)
        except ConfigError as error:
            yield str(error)
            continue
        constraints.append(constraint)
        if problem := problem_of("search.constraints", constraint.metric, True):
            yield problem
    if pair := excluding(constraints):
        yield f"search.constraints: nothing keeps both {pair[0].text} and {pair[1].text}"


def constraint_texts(config: DictConfig) -> Sequence[Any]:
    """Return the texts of `search.constraints`, right or wrong."""
    search = config.get("search")
    return named(search.get("constraints")) if isinstance(search, DictConfig) else []


def _may_log_more(config: DictConfig) -> bool:
    """Return whether a task, module or callback of the user's may log metrics that no key names.

    Whether it does shows in the first epoch.
    """
    if own_module.is_chosen(config):
        return True
    own = [node for node in config.callbacks.values() if node and schema_of(node) is None]
    targets = [str(node.get("_target_")) for node in own if isinstance(node, DictConfig)]
    return schema_of(config.task) is None or any(
        not target.startswith(("pytorch_lightning.", "lightning.")) for target in targets
    )
