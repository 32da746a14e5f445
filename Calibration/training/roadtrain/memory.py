"""Freed memory that is kept for the next step, and given back before the machine runs out of it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

EVERY_ARENA = b"arena.4096.purge"
"""jemalloc's MALLCTL_ARENAS_ALL (jemalloc(3), "arena.<i>.purge")."""
SHARE = 0.5
"""Of the memory that there is for it: more than any network here needs."""
SHARE_BESIDE = 0.2
"""What the processes that make batches may have besides, together."""
SHARE_FREE = 0.15
"""Of the machine's memory that is left to others: two trainings side by side have a half each, which is all of it."""


class KeptMemory:
    """Where jemalloc is loaded and keeps all that is freed (`dirty_decay_ms:-1`), crops of several sizes leave holes
    that nothing fits: gigabytes in a minute of ContextNet. `bound()` between steps empties them.

    Without jemalloc it does nothing.
    """

    def __init__(self, limit: float | None = None) -> None:
        """`limit`: bytes that the process may have, by default half of what there is."""
        self.page = os.sysconf("SC_PAGE_SIZE")
        self.limit = SHARE * granted() if limit is None else limit
        self.least_available = SHARE_FREE * _machine()
        self.purge = _purge()

    @classmethod
    def beside_training(cls, processes: int) -> KeptMemory:
        """Of one of so many forked processes, which may have its part of a fifth of the memory that there is, and what
        it has now: the pictures, which are training's.
        """
        kept = cls()
        kept.limit = kept.resident + SHARE_BESIDE * granted() / processes
        return kept

    @property
    def resident(self) -> int:
        """Bytes of memory that the process has now (proc(5), /proc/self/statm)."""
        return int(Path("/proc/self/statm").read_text().split()[1]) * self.page

    def bound(self) -> bool:
        """Gives freed memory back where the process has more than the limit, or the machine has little left; says
        whether it did.
        """
        if self.purge is None or self.resident <= self.limit and available() >= self.least_available:
            return False
        self.purge()
        return True


def granted(groups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> int:
    """Bytes of memory that the process can have: the machine's, or less where a control group that it is in grants less
    (kernel document "Control Group v2", memory.max).
    """
    limits = [_machine()]
    for line in own.read_text().splitlines() if own.exists() else ():
        if line.startswith("0::"):
            group = groups / line[len("0::/"):]
            files = (each / "memory.max" for each in (group, *group.parents))
            limits += [int(text) for file in files if file.exists() and (text := file.read_text().strip()) != "max"]
    return min(limits)


def available() -> int:
    """Bytes that a process can have without another losing any (proc(5), /proc/meminfo, MemAvailable)."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return _machine()


def _machine() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _purge() -> Callable[[], None] | None:
    control = getattr(ctypes.CDLL(None), "mallctl", None)
    if control is None:
        return None
    return lambda: control(EVERY_ARENA, None, None, None, ctypes.c_size_t(0))
