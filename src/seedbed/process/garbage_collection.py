"""When Python's garbage collector works: not while modules are imported, nor on what they made.

All that imports make stays, half a million objects with torch and Lightning. To look for garbage
among them takes a fifth of the time of the imports, and a quarter of a second now and then later.
"""

import gc

_paused = False
_frozen = False


def pause() -> None:
    """Let the collector rest until `resume`."""
    global _paused
    if gc.isenabled():
        gc.disable()
        _paused = True


def resume() -> None:
    """Let it go on where `pause` stopped it; of all calls, the first keeps what there is for good.

    Only the first: what a later one kept might be the tables of a run that is over.
    """
    global _paused, _frozen
    if not _frozen:
        gc.freeze()
        _frozen = True
    if _paused:
        gc.enable()
        _paused = False
