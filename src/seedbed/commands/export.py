"""`seedbed export run=DIR output=FILE`: the network of a run for use without Seedbed."""

import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from seedbed.config.instantiation import target_of
from seedbed.config.new_file import require_new_file
from seedbed.config.schema.export import BESIDE, format_of
from seedbed.errors import ConfigError, listed
from seedbed.runs.checkpoints import described
from seedbed.runs.folder import RunFolder, open_run
from seedbed.runs.loading import load_spec
from seedbed.runs.record import read_record
from seedbed.terminal.words import relative

if TYPE_CHECKING:
    from seedbed.experiment.export.check_rows import CheckRows
    from seedbed.experiment.export.opened_run import OpenedRun

_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
# Features, targets or classes that are named; the others are counted.
NAMED = 8


def export(config: DictConfig, command: list[str]) -> int:
    """Write the model of a run, and its description beside it."""
    output, chosen = Path(config.output), str(config.format or format_of(config.output))
    _require_output(output)
    if chosen == "onnx":
        _require_packages()
    folder = open_run(config.run, config.paths.outputs, say=True)
    trust = list(config.trust)
    spec = load_spec(folder, trust, config.paths.data, measures=False)
    if spec.facts.task == "minimize":
        raise ConfigError(f"run={config.run}: its model is a function without inputs")
    name = folder.kept(config.checkpoint)
    # Only now: torch takes its time.
    from seedbed.engines.lightning.quiet import quiet_lightning
    from seedbed.experiment.evaluation import no_best
    from seedbed.experiment.export.export import GRAPHS, write_export
    from seedbed.experiment.export.opened_run import opened_run

    quiet_lightning()
    record = read_record(folder.record)
    run = opened_run(folder, spec, name, softmax=config.apply_softmax)
    rows, why = _rows(config, folder, run, record)
    written = write_export(run, chosen, rows, output, record)
    weights = described(record, name, run.epoch)
    picked = f", picked by {spec.optimized_metric}" if name == "best" else ""
    print(f"weights      {weights}{picked}")
    if name != config.checkpoint:
        print(no_best(record, spec.optimized_metric))
    for line in _lines(written.description, chosen in GRAPHS):
        print(line)
    if written.difference is None:
        print("check        none: without a forward there is nothing to compare")
    else:
        print(f"check        {rows.told}: largest difference from the run {written.difference:.1e}")
    if why and written.difference is not None:
        print(f"note         rows made up, not of the run's data: {why}")
    print(f"written to   {relative(output)} ({_size(written.nbytes)}) and {output.name}{BESIDE}")
    return 0


def _require_output(output: Path) -> None:
    """Raise ConfigError where one of the two files cannot be written."""
    require_new_file("output", output)
    told = output.with_name(output.name + BESIDE)
    if os.path.lexists(told):
        raise ConfigError(
            f"output={output}: {told.name}, which goes beside it, exists already, and nothing is "
            "written over"
        )


def _require_packages() -> None:
    """Raise ConfigError where what an export to ONNX takes is not installed."""
    if lacking := [name for name in _PACKAGES if find_spec(name) is None]:
        raise ConfigError(
            f"format=onnx: not installed: {listed(lacking)}; pip install 'seedbed[export]'"
        )


def _rows(
    config: DictConfig, folder: RunFolder, run: "OpenedRun", record: Mapping[str, Any]
) -> tuple["CheckRows", str]:
    """Return the rows to compare on; and of rows that are made up why they are."""
    from seedbed.experiment.export.check_rows import made_up_rows, rows_of_run

    try:
        spec = run.spec
        if target_of(spec.data) == "seedbed.data.TorchDataset":  # Its Datasets are left out.
            spec = load_spec(folder, list(config.trust), config.paths.data)
        fingerprint = (record.get("data") or {}).get("fingerprint")
        rows = rows_of_run(spec, run.preparation, run.inputs, fingerprint, folder.path)
    except ConfigError as error:
        rows = str(error).partition("\n")[0]
    if not isinstance(rows, str):
        return rows, ""
    shape = run.spec.facts.input_shape
    return made_up_rows(run.data, shape, run.inputs, run.schema, run.preparation), rows


def _lines(description: Mapping[str, Any], is_graph: bool) -> Iterator[str]:
    """Yield what goes into a model and what comes out; of weights alone which they are."""
    given, answers, network = (description[part] for part in ("input", "output", "network"))
    if not is_graph:
        shapes = network["weights"].values()
        count = f"{sum(map(prod, shapes)):,} numbers in {len(shapes):,} tensors"
        yield f"network      {network['class']}: {count}"
        return
    features = [each["name"] for each in given.get("features", ())]
    yield f"input        {_shaped(given)}{_named(features)}"
    names = answers.get("classes") or [each["name"] for each in answers["targets"]]
    yield f"output       {answers['name']}, {_shaped(answers)}{_named(names)}"


def _shaped(part: Mapping[str, Any]) -> str:
    return f"{' x '.join(map(str, part['shape']))}, {part['type']}"


def _named(names: Sequence[str]) -> str:
    return f": {listed(names, NAMED)}" if names else ""


def _size(count: int) -> str:
    """Return a number of bytes in words: `24 KB`."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} KB"
