"""Line of progress in a notebook: an output of the cell that is written anew."""

import sys
import time
from typing import Any

SECONDS_BETWEEN_UPDATES = 0.25


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    if "ipykernel" not in sys.modules or ipython is None:
        return False
    return getattr(ipython.get_ipython(), "kernel", None) is not None


class NotebookLine:
    """Output of the running cell that shows the newest text; it begins with the first."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._updated = 0.0

    def show(self, text: str, *, last: bool = False) -> None:
        """Show a text, a few times a second at most; the last one in any case."""
        now = time.monotonic()
        if not last and now - self._updated < SECONDS_BETWEEN_UPDATES:
            return
        self._updated = now
        content = {"text/plain": text}
        if self._handle is None:
            import IPython.display  # Notebooks alone have it.

            show: Any = IPython.display.display
            self._handle = show(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)
