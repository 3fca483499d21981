"""Taking of initial weights from a run or a file, and what there is to say of it."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from torch import nn

from seedbed.config.schema.model import InitialWeights
from seedbed.errors import ConfigError, listed
from seedbed.experiment.weights.file import WeightsFile, require_known, weights_of_file
from seedbed.experiment.weights.source import WeightsSource, weights_source
from seedbed.models.taken_weights import Choice, Match, match, take_weights
from seedbed.runs.checkpoints import described
from seedbed.runs.record import read_record
from seedbed.terminal.words import relative

# Names in one line.
_MOST = 6


class Taken(NamedTuple):
    """Weights that a run starts from, and which of them it takes."""

    source: WeightsSource
    file: WeightsFile
    match: Match

    def record(self) -> dict[str, Any]:
        """Return the field `initial_weights` of run.json."""
        return {
            "run": self.source.run,
            "file": relative(self.source.shown),
            "checkpoint": self.source.checkpoint,
            "epoch": self.file.epoch,
            "sha256": self.file.sha256,
            "taken": len(self.match.taken),
            "missing": list(self.match.missing),
            "excluded": list(self.match.excluded),
            "left_over": list(self.match.left_over),
        }

    def lines(self) -> Iterator[str]:
        """Yield what people are told of it before the training."""
        matched = self.match
        count = len(matched.taken) + len(matched.missing) + len(matched.excluded)
        yield f"weights      {len(matched.taken)} of {count} taken from {self._where()}"
        for title, names in (
            ("excluded", matched.excluded),
            ("missing", matched.missing),
            ("left over", matched.left_over),
        ):
            if names:
                why = " (not in the file; as they are drawn)" if title == "missing" else ""
                yield f"{title:12} {listed(names, _MOST)}{why}"

    def _where(self) -> str:
        folder, name = self.source.folder, self.source.checkpoint
        if folder is None or name is None:
            return relative(self.source.file)
        record = read_record(folder.record)
        running = ", which is running" if record["status"] == "running" else ""
        return f"{relative(folder.path)}{running}, {described(record, name, self.file.epoch)}"


def take(net: nn.Module, options: InitialWeights, outputs: str) -> None:
    """Copy the weights that the options name into a network; none where they name none.

    Args:
        net: The network, with all other initial values.
        options: The node `initial_weights` of the config.
        outputs: The folder of all outputs.

    Raises:
        ConfigError: They cannot be read, or do not fit.
    """
    if options.run is not None:
        source, file = _opened(options, outputs)
        take_weights(net, file.tensors, _choice(options), str(source))


def taken(net: nn.Module, options: InitialWeights, outputs: str) -> Taken | None:
    """Return what `take` has copied into such a network; None where nothing."""
    if options.run is None:
        return None
    source, file = _opened(options, outputs)
    return Taken(source, file, match(net, file.tensors, _choice(options), str(source)))


def require_recorded(options: InitialWeights, outputs: str, record: Mapping[str, Any]) -> None:
    """Raise ConfigError where the weights that options name are not those of a run's record."""
    if options.run is None:
        return
    known = record.get("initial_weights")
    sha256 = known.get("sha256") if isinstance(known, Mapping) else None
    source = weights_source(str(options.run), options.checkpoint, outputs)
    require_known(source.file, str(source), sha256)


def _opened(options: InitialWeights, outputs: str) -> tuple[WeightsSource, WeightsFile]:
    source = weights_source(str(options.run), options.checkpoint, outputs)
    return source, weights_of_file(source.file, str(source))


def _choice(options: InitialWeights) -> Choice:
    rename = dotted(options.rename or {})
    for old, new in rename.items():
        if not isinstance(new, str):
            raise ConfigError(f"initial_weights.rename: '{old}' becomes {new!r}, which is no name")
    given = frozenset(dotted(options.parameters or {}))
    return Choice(options.only, options.exclude, rename, given)


def dotted(values: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Return `{a: {b: value}}`, which the command line makes of `a.b=value`, as `{a.b: value}`."""
    by_name: dict[str, Any] = {}
    for name, value in values.items():
        nested = isinstance(value, Mapping)
        by_name |= dotted(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}": value}
    return by_name
