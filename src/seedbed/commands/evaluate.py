"""`seedbed evaluate run=DIR`: rebuild a run from its folder and measure it on one of its splits."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from seedbed.config.instantiation import keys_of
from seedbed.config.schema.data import SPLITS, Data
from seedbed.config.spec import RunSpec
from seedbed.data.data_module import DataModule
from seedbed.engines.lightning.data_module import place
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import ConfigError, OtherData
from seedbed.experiment.build import build_data
from seedbed.experiment.evaluation import (
    evaluation_trainer,
    load_module,
    measure,
    no_best,
)
from seedbed.experiment.fitted_task import fitted_task
from seedbed.runs.checkpoints import described
from seedbed.runs.folder import open_run
from seedbed.runs.loading import load_spec
from seedbed.runs.preparation import stored_preparation
from seedbed.runs.provenance import versions
from seedbed.runs.record import KILLED, read_record, state_of, write_json
from seedbed.terminal.tables import metrics_table, print_table
from seedbed.terminal.words import relative


def evaluate(config: DictConfig, command: list[str]) -> int:
    """Print the metrics of a run's checkpoint on a split, and write evaluate-<split>.json."""
    quiet_lightning()
    folder = open_run(config.run, config.paths.outputs, say=True)
    file = folder.path / f"evaluate-{config.split}.json"
    _require_own(file)
    spec = _of_file(load_spec(folder, list(config.trust), config.paths.data), config.file)
    name = folder.kept(config.checkpoint)
    module, checkpoint = load_module(folder, spec, name)
    trainer = evaluation_trainer(spec, config.accelerator)
    data = build_data(spec)
    place(data, trainer)
    record = read_record(folder.record)
    preparation = stored_preparation(folder, checkpoint)
    if preparation is not None:
        data.use_preparation(preparation, folder.path)
    _require_source(data, record.get("data", {}).get("fingerprint"), config.file)
    data.prepare_data()
    data.setup("test")
    if not data.has_split(config.split):
        can_hold_out = f"{config.split}_size" in keys_of(spec.data)
        advice = f"train with data.{config.split}_size=0.2, or " if can_hold_out else ""
        others = " or ".join(f"split={name}" for name in SPLITS if data.has_split(name))
        raise ConfigError(
            f"split={config.split}: this run holds no rows out for it; {advice}choose {others}"
        )
    if module.task is not None:
        module.task = fitted_task(module.task, data)
    loader = data.evaluation_loader(config.split)
    metrics = measure(trainer, module, loader, config.split)

    result = {
        "run": relative(folder.path),
        "checkpoint": name,
        "epoch": checkpoint.get("epoch"),
        "split": config.split,
        "metrics": metrics,
        "data": {"fingerprint": data.fingerprint},
        "versions": versions(),
        "evaluated": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    try:
        write_json(file, result)
        where = f"written to   {relative(file)}"
        if record.get("error") == KILLED:  # Nobody writes there any more.
            folder.remove_leftovers()
    except OSError as error:  # What was measured is worth more than its file.
        where = f"not written  {relative(file)}: {(error.strerror or str(error)).lower()}"
    title = described(record, name, checkpoint.get("epoch"))
    _print(title, metrics, _recorded(record, name, config.split), where)
    if name != config.checkpoint:
        print(no_best(record, spec.optimized_metric))
    _compare_data(record, data)
    if record["status"] in ("running", "interrupted"):
        print(f"note         the run is {state_of(record)}")
    return 0


def _of_file(spec: RunSpec, file: str | None) -> RunSpec:
    """Return the spec of a run whose data lie elsewhere now; raise ConfigError of other data."""
    if file is None:
        return spec
    if not os.path.exists(file):
        raise ConfigError(f"file={file}: neither a file nor a folder")
    for name in ("file", "folder"):
        if isinstance(spec.data, Data) and keys_of(spec.data).get(name) is not None:
            changed: Any = {name: file}
            return replace(spec, data=replace(spec.data, **changed))
    raise ConfigError(f"file={file}: the data of this run are no file or folder of yours")


def _require_source(data: DataModule, fingerprint: str | None, file: str | None) -> None:
    """Raise ConfigError where the data are not those of the run; what was typed is named."""
    try:
        data.require_source(fingerprint)
    except OtherData:
        if file is None:
            raise
        raise ConfigError(
            f"file={file}: not the data that the run was trained on; the key says where they lie "
            "now.\nNew rows with known targets: seedbed predict input=... output=..., and compare "
            "with their own column"
        ) from None


def _require_own(file: Path) -> None:
    """Raise ConfigError where the name of the result is taken by something that is none."""
    if not os.path.lexists(file):
        return
    try:
        content = json.loads(file.read_text(encoding="utf-8")) if not file.is_symlink() else None
    except (OSError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or not {"checkpoint", "split", "metrics"} <= content.keys():
        raise ConfigError(f"{file}: not written by evaluate, which would replace it; move it away")


def _recorded(record: dict[str, Any], checkpoint: str, split: str) -> dict[str, float]:
    """Return what the run recorded for the checkpoint; training numbers are not comparable.

    While training, the loss of a batch is taken before its update, by ever other weights.
    """
    if split == "train":
        return {}
    kept = record.get("checkpoints", {}).get(checkpoint, {}).get("metrics", {})
    return {k: v for k, v in kept.items() if k.startswith(f"{split}/") and v is not None}


def _print(title: str, metrics: dict[str, float], recorded: dict[str, float], where: str) -> None:
    columns = {title: metrics}
    if recorded:
        columns["recorded by the run"] = recorded
    print_table(metrics_table(columns))
    print(where)


def _compare_data(record: dict[str, Any], data: DataModule) -> None:
    before = record.get("data", {}).get("fingerprint")
    if before and data.fingerprint and before != data.fingerprint:
        print("note         the data are not those that the run was trained on")
