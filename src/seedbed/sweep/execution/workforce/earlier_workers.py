"""Workers of an earlier start of a sweep, which are to save and leave before it goes on."""

import os
import sys
import time
from contextlib import suppress

import msgspec

from seedbed.errors import RunFolderError
from seedbed.sweep.presence.controller import FILE as CONTROLLER
from seedbed.sweep.queue.launch import launch_file, new_token, read_launch, write_launch
from seedbed.sweep.queue.workers import Workers
from seedbed.sweep.results.folder import SweepFolder

SECONDS_BETWEEN_LOOKS = 0.2


def wait_for_earlier_workers(folder: SweepFolder, lost_after: float) -> None:
    """Let workers save and leave that still work on a sweep, whose lock this process holds.

    They see another token than theirs. Those that give no sign for `lost_after` seconds are taken
    for dead.
    """
    workers = Workers(folder.saved)
    alive = _alive(workers, lost_after)
    if not alive or not launch_file(folder.saved).is_file():
        return
    with suppress(RunFolderError):
        launch = read_launch(folder.saved)
        write_launch(folder.saved, msgspec.structs.replace(launch, token=new_token()))
    count = f"{alive} worker{'s' * (alive > 1)}"
    print(f"{count} of before still at work; waiting until saved", file=sys.stderr, flush=True)
    while _alive(workers, lost_after):
        time.sleep(SECONDS_BETWEEN_LOOKS)
        with suppress(OSError):  # By its time it is told how long a worker has given no sign.
            os.utime(folder.saved / CONTROLLER)


def _alive(workers: Workers, lost_after: float) -> int:
    return sum(not seen.gone(lost_after) for seen in workers.look().values())
