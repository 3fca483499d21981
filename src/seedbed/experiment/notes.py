"""Notes before training: what is allowed, and seldom meant."""

from collections.abc import Iterator

from seedbed.analysis.suspicions.targets import unscaled_targets
from seedbed.config.instantiation import keys_of, target_of
from seedbed.config.spec import RunSpec
from seedbed.data import (
    Blobs,
    Clusters,
    CropYield,
    DataModule,
    FashionMNIST,
    InMemoryData,
    LinearNoise,
    Thermometer,
)

# What they are to show is known.
_SHIPPED = (Blobs, Clusters, CropYield, FashionMNIST, LinearNoise, Thermometer)


def notes_on_training(spec: RunSpec, data: DataModule) -> Iterator[str]:
    """Yield what people should know of a run before it trains; the data are set up."""
    yield from notes_on_targets(spec, data)
    size, rows = keys_of(spec.data).get("batch_size"), data.rows("train")
    is_lbfgs = spec.module is None and target_of(spec.optimizer) == "torch.optim.LBFGS"
    if is_lbfgs and size is not None and rows is not None and size < rows:
        yield "L-BFGS is meant for full batches: data.batch_size=null"


def notes_on_targets(spec: RunSpec, data: DataModule) -> Iterator[str]:
    """Yield what to say of targets of the user's own that are far from unit scale."""
    if spec.facts.task != "regression" or type(data) in _SHIPPED:
        return
    if not isinstance(data, InMemoryData) or keys_of(spec.data).get("target_scale") is not None:
        return
    for rows in data.rows_to_check("train"):
        yield from unscaled_targets(rows.batch[1], spec.facts.target_names)
        return
