"""`seedbed export run=DIR output=FILE`: the network of a run for use without Seedbed."""

import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from seedbed.config.new_file import require_new_file
from seedbed.config.overrides import typed_word
from seedbed.config.schema.export import BESIDE, format_of
from seedbed.documents import answer
from seedbed.errors import ConfigError, listed
from seedbed.runs.folder import RunFolder
from seedbed.sweep.results.members import members_of, open_run_or_sweep
from seedbed.terminal.words import relative

_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
# Features, targets or classes that are named; the others are counted.
NAMED = 8


def export(config: DictConfig, command: list[str]) -> int:
    """Write the model of a run, and its description beside it."""
    output, chosen = Path(config.output), str(config.format or format_of(config.output))
    _require_output(output)
    if chosen == "onnx":
        _require_packages()
    folder = _run_folder(config.run, config.paths.outputs)
    # Only now: torch takes its time.
    from seedbed.engines.lightning.quiet import quiet_lightning
    from seedbed.experiment.export.check_rows import rows_to_compare
    from seedbed.experiment.export.export import GRAPHS, write_export
    from seedbed.experiment.export.opened_run import opened_run
    from seedbed.experiment.predicting.member import Asked

    quiet_lightning()
    trust, data_folder = list(config.trust), config.paths.data
    asked = Asked(trust, data_folder, config.checkpoint, "cpu", config.file)
    run = opened_run(folder, asked, softmax=config.apply_softmax)
    rows, why = rows_to_compare(run, asked)
    written = write_export(run, chosen, rows, output)
    print(f"weights      {run.member.picked()}")
    for title, text in run.member.weights().lines:
        print(f"{title:13}{text}")
    for line in _lines(written.description, chosen in GRAPHS):
        print(line)
    print(f"check        {_checked(rows.told, written.difference)}")
    if why and written.difference is not None:
        print(f"note         rows made up, not of the run's data: {why}")
    print(f"written to   {relative(output)} ({_size(written.nbytes)}) and {output.name}{BESIDE}")
    if answer.asked():
        from seedbed.commands.documents.exported import export_document

        answer.give(export_document(folder, run, chosen, written, rows, why, output))
    return 0


def _checked(rows: str, difference: float | None) -> str:
    """Return what was compared, and how far the file is from the run."""
    if difference is None:
        return "none: without a forward there is nothing to compare"
    return f"{rows}: largest difference from the run {difference:.1e}"


def _run_folder(run: str, outputs: str) -> RunFolder:
    """Return the folder of a run; raise ConfigError where there is none, or a whole sweep."""
    folder = open_run_or_sweep(run, outputs, say=True)
    if isinstance(folder, RunFolder):
        return folder
    number, job = members_of(folder, "best", outputs).jobs[0]
    word = typed_word("run", relative(job.path))
    raise ConfigError(
        f"run={run}: a sweep, and its jobs are not exported as an ensemble; name one of them, "
        f"such as {word}, job {number}, of its best configuration"
    )


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
