"""Targets that a regression learns slowly, or never: numbers far from 0 and 1."""

from collections.abc import Iterator, Sequence

from torch import Tensor

# Absolute mean, or deviation, above which the first steps of a training go into the scale alone.
LARGE = 10.0
# Deviation below which any loss looks small.
SMALL = 0.01


def unscaled_targets(targets: Tensor, names: Sequence[str] = ()) -> Iterator[str]:
    """Yield what to say of the targets of a regression that are far from unit scale.

    Args:
        targets: Those of the training rows, (rows, targets), in their own units.
        names: Name of each target; of a single one none is said.
    """
    if not targets.numel():
        return
    flat = targets.double().reshape(len(targets), -1)
    means, deviations = flat.mean(0), flat.std(0, correction=0)
    varies = deviations > 0
    far = varies & ((means.abs() > LARGE) | (deviations > LARGE) | (deviations < SMALL))
    count = int(far.sum())
    if not count:
        return
    place = int(far.nonzero()[0])
    called = f" '{names[place]}'" if len(names) == flat.shape[1] > 1 else ""
    others = f" ({count - 1} more are alike)" if count > 1 else ""
    yield (
        f"the target{called} has mean {_short(float(means[place]))} and deviation "
        f"{_short(float(deviations[place]))}{others}: data.target_scale=standard trains on scaled "
        "ones"
    )


def _short(number: float) -> str:
    return f"{number:,.0f}" if 1000 <= abs(number) < 1e9 else f"{number:.3g}"
