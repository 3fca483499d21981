"""Python's garbage collector: paused during imports, and kept from what they have made.

Imports of torch and Lightning leave half a million objects that stay. To look for garbage among
them takes a fifth of the time of the imports, and a quarter of a second now and then later.
"""

import gc

_paused = False
_frozen = False


def pause() -> None:
    """Disable the collector until `resume`; one that is disabled already stays so."""
    global _paused
    if gc.isenabled():
        gc.disable()
        _paused = True


def resume() -> None:
    """Enable the collector that `pause` disabled; the first call freezes all objects there are.

    Only the first: what a later one froze might be the tables of a run that is over.
    """
    global _paused, _frozen
    if not _frozen:
        gc.freeze()
        _frozen = True
    if _paused:
        gc.enable()
        _paused = False
