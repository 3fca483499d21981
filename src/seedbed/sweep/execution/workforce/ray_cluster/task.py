"""Task of Ray that a worker of a sweep is; it is sent to the nodes as it stands here.

So it needs nothing on a node to say that Seedbed is missing there, or is of another version.
"""

from typing import Any


def work(
    number: int, function: bytes, version: str, folder: str, working_folder: str, threads: int
) -> dict[str, Any]:
    """Run the worker function; return what it returned, by the names of its fields.

    `number` is that of the task, `version` that of the controller's Seedbed. Paths in the config
    are relative to `working_folder`, which becomes the working folder where it is there.
    """
    import os
    import pickle
    import socket
    import sys

    import ray

    host, node = socket.gethostname(), ray.get_runtime_context().get_node_id()

    def refused(why: str) -> dict[str, Any]:
        return {"refused": True, "why": f"a worker on {host} {why}", "node": node}

    try:
        from seedbed.version import __version__
    except ImportError as error:
        return refused(f"cannot import seedbed by {sys.executable}: {error}")
    if __version__ != version:
        return refused(f"has seedbed {__version__}, and the sweep {version}; they must be equal")
    if not os.path.isdir(folder):
        return refused(
            f"cannot see {folder}: the folder of a sweep has to be shared by all nodes that work "
            "on it; name another by hydra.sweep.dir"
        )
    if os.path.isdir(working_folder):
        os.chdir(working_folder)
    ended = pickle.loads(function)(started=f"ray {number}", threads=threads)
    names = ("worker", "refused", "why", "done", "failed", "signal", "full")
    return {"node": node, **{name: getattr(ended, name) for name in names}}
