"""Each job of a sweep has a folder of its own below the sweep's, whatever the keys say."""

from collections.abc import Sequence
from copy import deepcopy

import pytest
from omegaconf import OmegaConf
from tests.sweep.composition import Sweep

from seedbed.errors import ConfigError
from seedbed.sweep.configs.composed_config import ComposedConfig
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Words, numbered
from seedbed.sweep.planning.job_folders import JobFolders
from seedbed.sweep.results.folder import SweepFolder

JOBS: list[Words] = [("seed=0", "optimizer.lr=0.1"), ("seed=1", "optimizer.lr=0.1"), ("seed=0",)]
SUBDIR = "hydra.sweep.subdir"


@pytest.fixture(scope="module")
def composer(plain_sweep: Sweep) -> Composer:
    """A composer whose jobs need no composition of their own."""
    composer = plain_sweep.composer()
    composer._base(())
    return composer


def names(
    composer: Composer, changes: dict[str, str | None], jobs: Sequence[Words] = JOBS
) -> list[str]:
    """Return the names of the folders of the jobs of a sweep, with other keys of Hydra's."""
    before = composer._bases[()]
    config = deepcopy(before.config)
    for key, value in {"hydra.sweep.dir": "sweep", **changes}.items():
        OmegaConf.update(config, key, value)
    composer._bases[()] = ComposedConfig(config)
    folders = JobFolders(SweepFolder("sweep"))
    try:
        for job in numbered(jobs):
            with composer.applied(job) as applied:
                folders.add(job.number, applied)
    finally:
        composer._bases[()] = before
    return list(folders._jobs)


@pytest.mark.parametrize(
    ("subdir", "expected"),
    [
        ("${hydra.job.num}", ["0", "1", "2"]),
        ("job-${hydra.job.num}", ["job-0", "job-1", "job-2"]),
        ("job-${hydra:job.num}", ["job-0", "job-1", "job-2"]),
        ("x/../${hydra:job.num}/y", ["0/y", "1/y", "2/y"]),
        (
            "${hydra.job.override_dirname}",
            ["optimizer.lr=0.1,seed=0", "optimizer.lr=0.1,seed=1", "seed=0"],
        ),
        ("ü ${hydra.job.num}::", ["ü 0::", "ü 1::", "ü 2::"]),
    ],
)
def test_names_that_tell_jobs_apart(composer: Composer, subdir: str, expected: list[str]) -> None:
    assert names(composer, {SUBDIR: subdir}) == expected


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (SUBDIR, "lr_${optimizer.lr}", r"jobs 0 and 1 would share the folder 'lr_0.1'"),
        (SUBDIR, "${seed}/../x", r"jobs 0 and 1 would share the folder 'x'"),
        (SUBDIR, ".", r"job 0 would write into the sweep's own '\.'"),
        (SUBDIR, "", r"the sweep's own '\.'"),
        (SUBDIR, "results.csv", r"the sweep's own 'results.csv'"),
        (SUBDIR, ".sweep/${hydra.job.num}", r"the sweep's own '\.sweep/0'"),
        (SUBDIR, ".x.0a.tmp/${hydra.job.num}", r"the sweep's own"),
        (SUBDIR, "../${hydra.job.num}", r"hydra.sweep.subdir=\.\./.*not below"),
        (SUBDIR, "/tmp/${hydra.job.num}", "not below"),
        (SUBDIR, "n" * 255 + "${hydra.job.num}", "has 256 bytes"),
        ("hydra.sweep.dir", "other/${optimizer.lr}", r"hydra.sweep.dir=.*not below"),
        ("hydra.output_subdir", "../elsewhere", "a run keeps its config in .hydra"),
        ("hydra.output_subdir", None, "a run keeps its config in .hydra"),
    ],
)
def test_what_gives_no_job_a_folder_of_its_own_is_refused(
    composer: Composer, key: str, value: str | None, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        names(composer, {key: value})


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_folder_inside_of_another_jobs_is_refused(composer: Composer, order: list[int]) -> None:
    jobs = [("+note=a",), ("+note=a/b",)]
    with pytest.raises(ConfigError, match="jobs 0 and 1 would share the folder"):
        names(composer, {SUBDIR: "${note}"}, [jobs[place] for place in order])
