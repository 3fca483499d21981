"""A Slurm cluster on this machine, of which there is one for all tests of a process."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.slurm_cluster import Cluster, why_impossible


@pytest.fixture(scope="session")
def a_cluster() -> Iterator[Cluster]:
    reason = why_impossible()
    if reason is not None:
        pytest.skip(f"no Slurm cluster here: {reason}; scripts/fetch_slurm.sh fetches Debian's")
    # Names of sockets are short.
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="slurm", dir="/tmp")))
    cluster.up(nodes=2)
    try:
        yield cluster
    finally:
        cluster.down()


@pytest.fixture
def cluster(a_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """The cluster, which Slurm's commands of this process speak to; its jobs end with the test."""
    monkeypatch.setenv("SLURM_CONF", str(a_cluster.conf))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield a_cluster
    a_cluster.call("scancel", "--user=root", check=False)
