"""`seedbed evaluate run=DIR`: rebuild a run from its folder and measure it on one of its splits."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from omegaconf import DictConfig

from seedbed import build, summary
from seedbed.errors import ConfigError, RunFolderError
from seedbed.module import SupervisedModule
from seedbed.runs.folder import RunFolder, open_run
from seedbed.runs.loading import load_checkpoint, load_config
from seedbed.runs.provenance import versions
from seedbed.runs.record import read_record, write_json
from seedbed.train import quiet_lightning


def evaluate(config: DictConfig, command: list[str]) -> int:
    """Print the metrics of a run's checkpoint on a split, and write evaluate-<split>.json."""
    quiet_lightning()
    folder = open_run(config.run, config.paths.outputs)
    run_config = load_config(folder, list(config.trust), config.paths.data)
    module, checkpoint = load_module(folder, run_config, config.checkpoint)
    trainer = evaluation_trainer(run_config, config.split, config.accelerator)
    data: Any = build.build_data(run_config)
    data.trainer = trainer
    data.prepare_data()
    data.setup("test")
    if not data.has_split(config.split):
        can_hold_out = f"{config.split}_size" in run_config.data
        advice = f"train with data.{config.split}_size=0.2, or " if can_hold_out else ""
        raise ConfigError(
            f"split={config.split}: this run holds no rows out for it; {advice}choose another split"
        )
    module.tested_split = config.split
    trainer.test(module, dataloaders=data.evaluation_loader(config.split), verbose=False)

    record = read_record(folder.record)
    result = {
        "run": summary.relative(folder.path),
        "checkpoint": config.checkpoint,
        "epoch": checkpoint.get("epoch"),
        "split": config.split,
        "metrics": module.epoch_metrics,
        "data": {"fingerprint": data.fingerprint},
        "versions": versions(),
        "evaluated": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    file = folder.path / f"evaluate-{config.split}.json"
    write_json(file, result)
    _print(module.epoch_metrics, _recorded(record, config.checkpoint, config.split), config, file)
    _compare_data(record, data)
    return 0


def load_module(
    folder: RunFolder, run_config: DictConfig, name: str
) -> tuple[SupervisedModule, dict[str, Any]]:
    """Return the run's module with the weights of a checkpoint, and the checkpoint.

    Raises RunFolderError where the weights do not fit the network of the config.
    """
    # Values given in the config are overwritten by the checkpoint; no need to read them again.
    checkpoint = load_checkpoint(folder.checkpoint(name))
    module = build.build_module(run_config)
    try:
        module.load_state_dict(checkpoint["state_dict"])
    except Exception as error:  # What should be weights may be anything.
        reason = " ".join(str(error).split())[:200]
        raise RunFolderError(
            f"{folder.checkpoint(name)}: does not fit the model of {folder.config}: {reason}"
        ) from None
    return module, checkpoint


def evaluation_trainer(run_config: DictConfig, split: str, accelerator: str) -> pl.Trainer:
    """Return a trainer that measures as the run's own did, on one device, and writes nothing."""
    return pl.Trainer(
        accelerator=build.accelerator(accelerator),
        devices=1,
        precision=run_config.trainer.precision,
        limit_test_batches=run_config.trainer[f"limit_{split}_batches"],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _recorded(record: dict[str, Any], checkpoint: str, split: str) -> dict[str, float]:
    """Return what the run recorded for the checkpoint; training numbers are not comparable.

    While training, the loss of a batch is taken before its update, by ever other weights.
    """
    if split == "train":
        return {}
    kept = record.get("checkpoints", {}).get(checkpoint, {}).get("metrics", {})
    return {k: v for k, v in kept.items() if k.startswith(f"{split}/") and v is not None}


def _print(
    metrics: dict[str, float], recorded: dict[str, float], config: DictConfig, file: Path
) -> None:
    columns = {config.checkpoint: metrics}
    if recorded:
        columns["recorded by the run"] = recorded
    summary.print_table(summary.metrics_table(columns))
    print(f"written to   {summary.relative(file)}")


def _compare_data(record: dict[str, Any], data: Any) -> None:
    before = record.get("data", {}).get("fingerprint")
    if before and data.fingerprint and before != data.fingerprint:
        print("note         the data are not those that the run was trained on")
