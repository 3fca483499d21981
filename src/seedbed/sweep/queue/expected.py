"""Units that a worker expects to wait, by a list that it has made a while ago.

Of ten thousand units the names take some milliseconds to list and read, and many more on a file
system that other machines share: too long for each unit that is claimed.
"""

import time
from collections.abc import Callable, Sequence
from random import randrange

from seedbed.sweep.queue.units import Entry

# How old a list may be, in s: what was put since then may be more urgent.
OLDEST = 10.0
# Units that others have taken already, one after the other, after which the list is made anew.
MOST_MISSES = 8


class Expected:
    """Units that wait: chunks before single jobs, and of each kind by their numbers.

    `listed` returns those that wait now.
    """

    def __init__(self, listed: Callable[[], Sequence[Entry]]) -> None:
        self._listed = listed
        # The last one is the next.
        self._kinds: list[list[Entry]] = []
        self._made = float("-inf")
        self._misses = 0

    def renew(self) -> None:
        """Make the list anew."""
        entries = sorted(self._listed(), key=lambda entry: entry.first, reverse=True)
        chunks = [entry for entry in entries if entry.is_chunk]
        self._kinds = [[entry for entry in entries if not entry.is_chunk], chunks]
        self._made, self._misses = time.monotonic(), 0

    def is_stale(self) -> bool:
        """Return whether others have taken much of the list."""
        return self._misses >= MOST_MISSES

    def next(self) -> Entry | None:
        """Return the next unit, by the list made anew where it is old; None: there is no more."""
        if time.monotonic() - self._made > OLDEST:
            self.renew()
        while self._kinds and not self._kinds[-1]:
            self._kinds.pop()
        return self._kinds[-1].pop() if self._kinds else None

    def missed(self) -> None:
        """Go on elsewhere, since others have been faster: so a thousand do not try all the same."""
        self._misses += 1
        if self._kinds and self._kinds[-1]:
            entries = self._kinds[-1]
            start = randrange(len(entries))
            self._kinds[-1] = entries[start:] + entries[:start]

    def took(self) -> None:
        """Note that the unit was there."""
        self._misses = 0
