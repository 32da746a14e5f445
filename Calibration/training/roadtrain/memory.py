"""Freed memory that is kept for the next step, and given back before the machine runs out of it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

EVERY_ARENA = b"arena.4096.purge"
"""jemalloc's MALLCTL_ARENAS_ALL (jemalloc(3), "arena.<i>.purge")."""
SHARE = 0.5
"""Of the machine's memory: more than any network here needs."""


class KeptMemory:
    """Where jemalloc is loaded and keeps all that is freed (`dirty_decay_ms:-1`), crops of several sizes leave holes
    that nothing fits: gigabytes in a minute of ContextNet. `bound()` between steps empties them.

    Without jemalloc it does nothing.
    """

    def __init__(self, limit: float | None = None) -> None:
        """`limit`: bytes that the process may have, by default half of the machine's."""
        pages = os.sysconf("SC_PHYS_PAGES")
        self.page = os.sysconf("SC_PAGE_SIZE")
        self.limit = SHARE * pages * self.page if limit is None else limit
        self.purge = _purge()

    @property
    def resident(self) -> int:
        """Bytes of memory that the process has now (proc(5), /proc/self/statm)."""
        return int(Path("/proc/self/statm").read_text().split()[1]) * self.page

    def bound(self) -> bool:
        """Gives freed memory back where the process has more than the limit; says whether it did."""
        if self.purge is None or self.resident <= self.limit:
            return False
        self.purge()
        return True


def _purge() -> Callable[[], None] | None:
    control = getattr(ctypes.CDLL(None), "mallctl", None)
    if control is None:
        return None
    return lambda: control(EVERY_ARENA, None, None, None, ctypes.c_size_t(0))
