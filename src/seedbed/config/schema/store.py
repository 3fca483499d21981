"""Registry of the dataclasses: that of each verb, and of each option of each group."""

from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from seedbed.config.schema import (
    callbacks,
    data,
    export,
    gradient,
    launcher,
    loggers,
    model,
    optimizer,
    repeat,
    root,
    scheduler,
    search,
    stop,
    task,
    trainer,
)
from seedbed.config.schema.data import arrays
from seedbed.config.schema.data.images import ImageFolder
from seedbed.config.schema.data.table import TableFile
from seedbed.config.schema.field import Schema
from seedbed.errors import ConfigError

ROOTS: dict[str, type[Schema]] = {
    "train": root.Train,
    "evaluate": root.Evaluate,
    "predict": root.Predict,
    "export": export.Export,
    "repeat": repeat.Repeat,
}

SCHEMAS: dict[str, dict[str, type[Schema]]] = {
    "data": {
        "crop_yield": data.CropYield,
        "thermometer": data.Thermometer,
        "clusters": data.Clusters,
        "linear_noise": data.LinearNoise,
        "blobs": data.Blobs,
        "fashion_mnist": data.FashionMNIST,
        "arrays": arrays.ArrayFile,
        "images": ImageFolder,
        "table": TableFile,
        "in_memory": data.InMemoryData,
        "torch_dataset": data.TorchDataset,
        "none": data.NoData,
    },
    "model": {
        "linear": model.Linear,
        "mlp": model.MLP,
        "cnn": model.CNN,
        "parabola": model.Parabola,
        "bowl": model.Bowl,
        "custom": model.Custom,
    },
    "task": {
        "regression": task.Regression,
        "binary": task.Binary,
        "multiclass": task.Multiclass,
        "minimize": task.Minimize,
        "auto": task.Auto,
    },
    "optimizer": {
        "sgd": optimizer.SGD,
        "adam": optimizer.Adam,
        "adamw": optimizer.AdamW,
        "rmsprop": optimizer.RMSprop,
        "adagrad": optimizer.Adagrad,
        "lbfgs": optimizer.LBFGS,
        "custom": optimizer.Custom,
    },
    "gradient": {
        "autograd": gradient.Autograd,
        "analytic": gradient.Analytic,
        "finite_difference": gradient.FiniteDifference,
    },
    "scheduler": {
        "constant": scheduler.Constant,
        "step": scheduler.Step,
        "cosine": scheduler.Cosine,
        "one_cycle": scheduler.OneCycle,
        "plateau": scheduler.Plateau,
        "warmup": scheduler.Warmup,
        "warmup_cosine": scheduler.WarmupCosine,
        "custom": scheduler.Custom,
    },
    "trainer": {"trainer": trainer.Trainer},
    "callback": {
        "checkpoint": callbacks.Checkpoint,
        "early_stopping": callbacks.EarlyStopping,
        "learning_rate": callbacks.LearningRate,
        "progress": callbacks.Progress,
        "model_summary": callbacks.ModelSummary,
        "loss_converged": callbacks.LossConverged,
        "gradient_converged": callbacks.GradientConverged,
        "parameter_values": callbacks.ParameterValues,
        "gradients": callbacks.Gradients,
        "loss_curve": callbacks.LossCurve,
        "fit": callbacks.Fit,
        "predicted_against_true": callbacks.PredictedAgainstTrue,
        "decision_boundary": callbacks.DecisionBoundary,
        "loss_landscape": callbacks.LossLandscape,
        "line_recovery": callbacks.LineRecovery,
        "minimization_path": callbacks.MinimizationPath,
        "confusion_matrix": callbacks.ConfusionMatrix,
        "worst_mistakes": callbacks.WorstMistakes,
    },
    "logger": {
        "tensorboard": loggers.TensorBoard,
        "csv": loggers.CSV,
        "mlflow": loggers.MLflow,
        "wandb": loggers.WandB,
    },
    "search": {
        "grid": search.Grid,
        "random": search.Random,
        "qmc": search.QMC,
        "tpe": search.TPE,
        "gp": search.GP,
        "cmaes": search.CMAES,
        "nsga2": search.NSGA2,
        "pbt": search.PBT,
    },
    "stop": {
        "none": stop.NoStop,
        "top_k_after": stop.TopKAfter,
        "halving": stop.Halving,
        "hyperband": stop.Hyperband,
        "median": stop.Median,
        "patient": stop.Patient,
    },
    "paths": {"paths": root.Paths},
}

# Options without a class: their `_target_` is null.
_CLASSLESS = {"scheduler": scheduler.Constant, "search": search.Grid, "stop": stop.NoStop}

# Groups of entries that the user names, and the group whose option an entry is.
GROUP_OF_ENTRIES = {"callbacks": "callback", "logger": "logger"}


# What was stored the first time, which takes as long as a small run.
_stored: list[Any] = []


def register_schema() -> None:
    """Store every dataclass under `schema/<group>/<option>`, the verbs under `schema/<verb>`."""
    from hydra.core.config_store import ConfigStore  # Not needed to read the dataclasses.

    store = ConfigStore.instance()
    if _stored:
        store.repo["schema"] = _stored[0]
        return
    for verb, node in ROOTS.items():
        store.store(group="schema", name=verb, node=node)
    for group, options in SCHEMAS.items():
        for option, node in options.items():
            store.store(group=f"schema/{group}", name=option, node=node)
    for option, node in launcher.LAUNCHERS.items():
        store.store(group="schema/hydra/launcher", name=option, node=node)
    _stored.append(store.repo["schema"])


def schema_targets() -> dict[str, type[Schema]]:
    """Return the dataclass of every class that the shipped configs name."""
    nodes = [node for options in SCHEMAS.values() for node in options.values()]
    by_default = {getattr(node, "_target_", None): node for node in nodes}
    return {target: node for target, node in by_default.items() if target not in (None, MISSING)}


def typed(config: DictConfig) -> DictConfig:
    """Return a saved config with its types back, which YAML does not keep.

    A node is typed by its `_target_`; nodes of the user's own stay as they are. Raises
    ConfigError where a saved value no longer fits the schema.
    """
    by_target = schema_targets()

    def type_node(key: str, node: Any, known: type | None = None) -> Any:
        target = node.get("_target_") if isinstance(node, DictConfig) else None
        cls = known or by_target.get(target or "")
        if cls is None:
            return node
        try:
            return OmegaConf.merge(OmegaConf.structured(cls), node)
        except OmegaConfBaseException as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"{key}.{error.full_key or ''}: {reason}") from None

    whole = OmegaConf.merge(OmegaConf.structured(root.Train), config)
    assert isinstance(whole, DictConfig)
    for group in ("data", "model", "task", "optimizer", "gradient", "scheduler", "search", "stop"):
        has_class = whole[group].get("_target_") is not None
        whole[group] = type_node(group, whole[group], None if has_class else _CLASSLESS.get(group))
    whole.trainer = type_node("trainer", whole.trainer, trainer.Trainer)
    for group in ("callbacks", "logger"):
        whole[group] = {
            name: type_node(f"{group}.{name}", node) for name, node in whole[group].items()
        }
    return whole
