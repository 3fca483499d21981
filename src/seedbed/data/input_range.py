"""Range of the inputs that a network was trained on, where a dataset of the user's prepares them.

What such a dataset does to a row before it hands it out is not known. Rows to predict from that lie
far outside of the range are likely raw ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypedDict

from torch import Tensor

from seedbed.reading.json_files import converted

KEY = "input_range"


class _Plain(TypedDict):
    """Range as plain values."""

    least: float
    most: float


@dataclass(frozen=True)
class InputRange:
    """Least and largest number of all inputs."""

    least: float
    most: float

    @classmethod
    def of(cls, inputs: Any, known: "InputRange | None" = None) -> "InputRange | None":
        """Return the range of inputs and of what is known; None of what are no real numbers."""
        real = isinstance(inputs, Tensor) and inputs.numel() > 0 and not inputs.is_complex()
        if not real:
            return known
        least, most = (float(number) for number in inputs.aminmax())
        if not (isfinite(least) and isfinite(most)):
            return known
        return (
            cls(least, most)
            if known is None
            else cls(min(least, known.least), max(most, known.most))
        )

    @classmethod
    def from_plain(
        cls, preparation: Mapping[str, Any] | None, source: object
    ) -> "InputRange | None":
        """Return the range in what a run has stored; None where there is none.

        Raises:
            RunFolderError: What is stored is no range.
        """
        if preparation is None or KEY not in preparation:
            return None
        return cls(**converted(f"{source}: {KEY}", preparation[KEY], _Plain))

    def to_plain(self) -> dict[str, Any]:
        """Return it as a part of what a run stores."""
        return {KEY: {"least": self.least, "most": self.most}}


def far_outside(inputs: Tensor, preparation: Mapping[str, Any] | None, source: object) -> str:
    """Return what to say of inputs that lie far outside of the range trained on; "" of others.

    Args:
        inputs: Raw inputs, (rows, ...).
        preparation: What the run has stored.
        source: Where it was read.

    Raises:
        RunFolderError: What is stored is no range.
    """
    seen = InputRange.from_plain(preparation, source)
    if seen is None:
        return ""
    given, span = InputRange.of(inputs.double()), seen.most - seen.least
    if given is None or (given.least >= seen.least - span and given.most <= seen.most + span):
        return ""
    return (
        f"the inputs are from {given.least:.4g} to {given.most:.4g}, and those of the training "
        f"rows from {seen.least:.4g} to {seen.most:.4g}: prepare them as the Dataset does, or let "
        "data.input_scale do so"
    )
