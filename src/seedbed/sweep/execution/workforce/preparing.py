"""Workers prepared while a sweep is planned, and what the plan must know of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from seedbed.config.schema.root import Sweep as SweepOptions
from seedbed.sweep.execution.workforce.hydra_launcher import HydraLauncher
from seedbed.sweep.execution.workforce.workforce import Workforce
from seedbed.sweep.planning.sharing.workers import NO_WORKERS, Sharing
from seedbed.sweep.results.plan_file import REFUSED, Round

Workers = Workforce | HydraLauncher | None


def sharing_of(workforce: Workers) -> Sharing:
    """Return among how many workers the jobs of a sweep are shared."""
    return NO_WORKERS if workforce is None else workforce.sharing()


def lines_of(workforce: Workers, first: Round) -> list[str]:
    """Return what a plan says of the workers, in lines; `first` is its first round."""
    alone = [jobs for reason, jobs in first.alone.items() if not reason.startswith(REFUSED)]
    units = len(first.groups) + sum(map(len, alone))
    return [] if workforce is None or not units else workforce.told(units)


def preparing(workforce: Workers, options: SweepOptions) -> Callable[[bool], None]:
    """Let workers be prepared; return what is called again when more is known of the jobs."""
    if options.plan or workforce is None or isinstance(workforce, HydraLauncher):
        return lambda alone: None
    workforce.prepare(alone=options.fuse == "never")
    return workforce.prepare


@contextmanager
def withdrawn_at_end(workforce: Workers) -> Iterator[None]:
    """Take back, at the end of the block, what was prepared for workers that never began."""
    try:
        yield
    finally:
        if workforce is not None and not isinstance(workforce, HydraLauncher):
            workforce.withdraw()
