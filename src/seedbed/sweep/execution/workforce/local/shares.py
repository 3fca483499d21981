"""What each local worker has: its share of the cores, or a GPU of its own."""

import os
from dataclasses import dataclass

from seedbed.process.cores import usable_cores
from seedbed.sweep.planning.sharing.workers import Sharing

AUTO = "auto"


@dataclass(frozen=True)
class Shares:
    """Shares of the workers of a sweep, which are alike.

    Attributes:
        workers: how many there are.
        threads: CPU threads that a worker may use, or each process of a job of several.
        gpus: the GPUs of each worker, as CUDA_VISIBLE_DEVICES names them; empty where none is used.
        told: how they were chosen, in a line.
    """

    workers: int
    threads: int
    gpus: tuple[str, ...] = ()
    told: str = ""

    @property
    def on_a_gpu(self) -> int:
        """Workers that share a GPU."""
        return max((self.gpus.count(gpu) for gpu in set(self.gpus)), default=1)

    def sharing(self) -> Sharing:
        """Return what a plan must know of them."""
        return Sharing(self.workers, self.workers, self.on_a_gpu)

    def device(self, place: int) -> str | None:
        """Return the GPUs of the worker at a place, in words."""
        return f"GPU {self.gpus[place]}" if self.gpus else None

    def environment(self, place: int) -> dict[str, str]:
        """Return the variables that give the worker at a place its share."""
        threads = str(self.threads)
        shares = {"OMP_NUM_THREADS": threads, "POLARS_MAX_THREADS": threads}
        return shares | ({"CUDA_VISIBLE_DEVICES": self.gpus[place]} if self.gpus else {})


def shares_of(
    workers: int | str, uses_gpu: bool, devices: int | None, threads: int | None
) -> Shares:
    """Return the shares of so many workers, or of as many as are of use: `auto`.

    Args:
        workers: a number, or `auto`.
        uses_gpu: whether the jobs run on a GPU.
        devices: `trainer.devices` of the jobs.
        threads: `trainer.threads` of the jobs.
    """
    cores = usable_cores()
    if uses_gpu:
        return _on_gpus(workers, visible_gpus(), devices or 1, cores)
    # A step of most jobs side by side, and of those alone that are worth it, takes one thread.
    own = (threads or 1) * (devices or 1)
    count = max(1, cores // own) if workers == AUTO else int(workers)
    share = max(1, cores // (count * (devices or 1)))
    each = f"each with {cores // count} of {cores} cores" if count <= cores else f"on {cores} cores"
    if workers == AUTO:
        takes = f"{own} threads" if own > 1 else "one thread"
        each = f"since there are {cores} cores and a job takes {takes}"
    return Shares(count, share, (), f"{_processes(count)}, {each}")


def _on_gpus(workers: int | str, gpus: list[str], devices: int, cores: int) -> Shares:
    sets = [",".join(gpus[at : at + devices]) for at in range(0, len(gpus), devices)]
    sets = [each for each in sets if each.count(",") == devices - 1] or [",".join(gpus)]
    count = len(sets) if workers == AUTO else int(workers)
    own = tuple(sets[place % len(sets)] for place in range(count))
    shares = Shares(count, max(1, cores // count), own)
    if count <= len(sets):
        each = "each with a GPU of its own" if devices == 1 else f"each with {devices} GPUs"
    else:
        each = f"up to {shares.on_a_gpu} on each of {len(sets)} GPU" + "s" * (len(sets) > 1)
    return Shares(count, shares.threads, own, f"{_processes(count)}, {each}")


def _processes(count: int) -> str:
    return f"{count:,} local process" + "es" * (count != 1)


def visible_gpus() -> list[str]:
    """Return the GPUs that this process sees, as CUDA_VISIBLE_DEVICES names them."""
    import torch

    count = torch.cuda.device_count()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None and len(names := [name.strip() for name in named.split(",")]) >= count:
        return names[:count]
    return [str(number) for number in range(count)]
