"""Page of sweeps and runs that lie in folders, finished or not, one's own or a stranger's."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from seedbed.errors import ConfigError
from seedbed.page.assembly import page_document
from seedbed.page.document import PageDocument
from seedbed.page.of_runs import parts_of_runs
from seedbed.page.part import Part
from seedbed.sweep.pages.part_of_sweep import part_of_sweep
from seedbed.sweep.pages.rows_in_training import rows_in_training
from seedbed.sweep.results.folder import SweepFolder, rows_of_sweep
from seedbed.sweep.results.plan_file import read_plan

# Of more a page is no use to anybody.
MOST_JOBS = 50_000


def page_of_folders(
    sweeps: Sequence[SweepFolder],
    runs: Sequence[Path],
    page: Path | None = None,
    rank: Literal["best", "last"] | None = None,
) -> PageDocument:
    """Return the page of some sweeps and runs, each once.

    Args:
        sweeps: folders of sweeps.
        runs: folders of runs, or of jobs.
        page: where the page is written; paths are shown from its folder.
        rank: epoch by which jobs are ranked; None (default): as the first of them.

    Raises:
        ConfigError: One of them is damaged, or they have too many jobs.
    """
    by_path = {folder.path.resolve(): folder for folder in sweeps}
    parts: list[Part] = [_part(folder, page) for folder in by_path.values()]
    folders = list({folder.resolve(): folder for folder in runs}.values())
    if sum(map(len, parts)) + len(folders) > MOST_JOBS:
        raise ConfigError(f"page: more than {MOST_JOBS:,} jobs; name fewer folders")
    return page_document([*parts, *parts_of_runs(folders, page)], rank=rank)


def _part(folder: SweepFolder, page: Path | None) -> Part:
    plan, rows = read_plan(folder.plan), list(rows_of_sweep(folder).values())
    if len(rows) > MOST_JOBS:
        raise ConfigError(f"page: {folder.path} has more than {MOST_JOBS:,} jobs")
    shares = None
    if plan.search is not None:
        from seedbed.sweep.results.searched.closing import drawing_of

        shares = drawing_of(plan, rows).shares
    in_training = rows_in_training(folder, plan, rows)
    return part_of_sweep(folder, plan, rows, page, shares=shares, in_training=in_training)


def say_left_out(path: str, reason: str) -> None:
    """Say on stderr that a folder among others is not in a page."""
    print(f"seedbed: left out: {path}: {reason}", file=sys.stderr)
