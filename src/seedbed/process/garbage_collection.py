"""Python's garbage collector: paused during imports, and kept from what they have made.

Imports of torch and Lightning leave half a million objects that stay. To look for garbage among
them takes a fifth of the time of the imports, and a quarter of a second now and then later.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_paused = False
_frozen = False
_freezes = True


def pause() -> None:
    """Disable the collector until `resume`; one that is disabled already stays so."""
    global _paused
    if gc.isenabled():
        if _frozen:  # What is garbage by now, such as the tables of a run, must not be frozen.
            gc.collect()
        gc.disable()
        _paused = True


def resume() -> None:
    """Enable the collector that `pause` disabled, and freeze all objects there are.

    Without a pause before it only the first call freezes: what a later one froze might be the
    tables of a run that is over.
    """
    global _paused, _frozen
    if _freezes and (_paused or not _frozen):
        gc.freeze()
        _frozen = True
    if _paused:
        gc.enable()
        _paused = False


@contextmanager
def paused_for(module: str) -> Iterator[None]:
    """Pause the collector in a block that imports a module, unless it is imported already."""
    if module in sys.modules:
        yield
        return
    pause()
    try:
        yield
    finally:
        resume()


@contextmanager
def as_it_was() -> Iterator[None]:
    """Leave the collector as it was, and nothing frozen: the process is another's.

    What is there before is frozen for as long as the block lasts, so that what the block has made
    is found soon at its end: it is many cycles, and may be on a GPU. Where something is frozen
    already nothing more is: to free the one would free the other.
    """
    global _freezes, _frozen, _paused
    before, was_enabled = (_freezes, _frozen, _paused), gc.isenabled()
    freezes = _freezes and gc.get_freeze_count() == 0
    if freezes:
        gc.freeze()
    _freezes, _frozen = freezes, True
    try:
        yield
    finally:
        if freezes:
            gc.collect()
            gc.unfreeze()
        _freezes, _frozen, _paused = before
        if was_enabled:
            gc.enable()
        else:
            gc.disable()
