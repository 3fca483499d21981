"""What a LightningModule has logged of the running epoch by `self.log`, as tensors and values.

Lightning does not save it: after a restart the mean of an epoch is that of its rest alone.
"""

from collections.abc import Iterator
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.trainer.connectors.logger_connector.result import (
    _Metadata,
    _ResultMetric,
    _Sync,
)
from torch import Tensor
from torchmetrics import Metric

# Plain fields of what is logged, by which it is known again.
_FIELDS = (
    *("fx", "name", "prog_bar", "logger", "on_step", "on_epoch", "enable_graph"),
    *("add_dataloader_idx", "dataloader_idx", "metric_attribute"),
)


def results_state(trainer: pl.Trainer) -> list[dict[str, Any]]:
    """Return what was logged of the running epoch."""
    return [_state_of(key, result) for key, result in trainer.fit_loop.epoch_loop._results.items()]


def _state_of(key: str, result: _ResultMetric) -> dict[str, Any]:
    meta = result.meta
    state: dict[str, Any] = {name: getattr(meta, name) for name in _FIELDS}
    state |= {
        "key": key,
        "reduction": meta.reduce_fx.__name__,
        "sync": bool(meta.sync.should),
        "rank_zero_only": bool(meta.sync.rank_zero_only),
        "has_reset": result.has_reset,
        "updated": result._update_count > 0,
    }
    if result.is_tensor:
        names = ["value", *["cumulated_batch_size"] * meta.is_mean_reduction]
        state["numbers"] = {name: _alone(getattr(result, name)) for name in names}
    return state


def set_results(trainer: pl.Trainer, states: list[dict[str, Any]]) -> None:
    """Let the epoch go on from what was logged of it."""
    results = trainer.fit_loop.epoch_loop._results
    results.clear()
    for state in states:
        results[state["key"]] = _result(trainer, state)


def _result(trainer: pl.Trainer, state: dict[str, Any]) -> _ResultMetric:
    module: Any = trainer.lightning_module
    fields = {name: state[name] for name in _FIELDS}
    meta = _Metadata(**fields, reduce_fx=getattr(torch, state["reduction"]))
    meta.sync = _Sync(
        _should=state["sync"],
        fn=trainer.strategy.reduce,
        rank_zero_only=state["rank_zero_only"],
    )
    result = _ResultMetric(meta, "numbers" in state).to(module.device)
    for name, value in state.get("numbers", {}).items():
        setattr(result, name, value.to(module.device))
    if "numbers" not in state:  # A torchmetric of the module's, which has its own state.
        result.value = module.get_submodule(state["metric_attribute"])
    result.has_reset = state["has_reset"]
    result._update_count = int(state["updated"])
    return result


def metric_states(module: pl.LightningModule) -> dict[str, dict[str, Any]]:
    """Return the states of the torchmetrics that a module holds, by their names in it.

    They leave them out of their own state_dict.
    """
    return {name: metric_state(metric) for name, metric in _metrics(module)}


def set_metric_states(module: pl.LightningModule, states: dict[str, dict[str, Any]]) -> None:
    """Let the torchmetrics of a module go on from their states."""
    metrics = dict(_metrics(module))
    for name, state in states.items():
        set_metric_state(metrics[name], state)


def metric_state(metric: Metric) -> dict[str, Any]:
    """Return what a torchmetric has counted."""
    values = {field: _alone(getattr(metric, field)) for field in metric.metric_state}
    return {"count": metric._update_count, "values": values}


def set_metric_state(metric: Metric, state: dict[str, Any]) -> None:
    """Let a torchmetric go on from what it had counted."""
    metric._update_count = state["count"]
    for field, value in state["values"].items():
        setattr(metric, field, _on(metric.device, value))


def _metrics(module: pl.LightningModule) -> Iterator[tuple[str, Metric]]:
    for name, part in module.named_modules():
        if isinstance(part, Metric):
            yield name, part


def _alone(value: Tensor | list[Tensor]) -> Tensor | list[Tensor]:
    """Return numbers in a storage of their own, on the CPU."""
    if isinstance(value, list):
        return [part.detach().cpu().clone() for part in value]
    return value.detach().cpu().clone()


def _on(device: torch.device, value: Any) -> Any:
    return [part.to(device) for part in value] if isinstance(value, list) else value.to(device)
