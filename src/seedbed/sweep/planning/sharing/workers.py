"""What the workers of a sweep share, which a plan must know: jobs, and memory."""

from typing import NamedTuple


class Sharing(NamedTuple):
    """Sharing of a sweep among workers.

    Attributes:
        workers: among how many the jobs are shared.
        on_memory: how many of them share the memory of this machine.
        on_gpu: how many of them share a GPU.
    """

    workers: int = 1
    on_memory: int = 1
    on_gpu: int = 1


NO_WORKERS = Sharing()
