"""Each job of a sweep several times, with other seeds."""

import re
from collections.abc import Sequence

from seedbed.errors import ConfigError
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import numbered


def repeated(
    composer: Composer, overrides: Sequence[Sequence[str]], repeats: int
) -> list[list[str]]:
    """Return each job `repeats` times, with the seeds from its own seed on, these innermost.

    Raises ConfigError where a job has no whole number as seed, or where one comes twice because
    the seeds of two jobs overlap.
    """
    if repeats < 1:
        raise ConfigError(f"sweep.repeats={repeats}: a job runs once at least")
    jobs = []
    for job in numbered(overrides):
        with composer.applied(job) as config:
            seed = config.get("seed")
        if not isinstance(seed, int):
            raise ConfigError(f"sweep.repeats={repeats}: the seed {seed} is not a whole number")
        jobs += [_with_seed(job.overrides, seed + more) for more in range(repeats)]
    if len(set(map(tuple, jobs))) < repeats * len(set(map(tuple, overrides))):
        raise ConfigError(
            f"sweep.repeats={repeats}: the seeds of the sweep overlap, so jobs would run twice; "
            "sweep the seed or repeat, not both"
        )
    return jobs


def _with_seed(overrides: Sequence[str], seed: int) -> list[str]:
    """Return the overrides with this seed, in the place of the one they have or at their end."""
    words = [re.sub(r"^(\+*seed)=.*", rf"\1={seed}", word) for word in overrides]
    has_seed = any(re.match(r"\+*seed=", word) for word in words)
    return words if has_seed else [*words, f"seed={seed}"]
