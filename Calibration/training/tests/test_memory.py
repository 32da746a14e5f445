"""Memory that jemalloc keeps between steps stays below a limit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from roadtrain.memory import KeptMemory

JEMALLOC = "libjemalloc.so.2"
KEEPING = "narenas:1,oversize_threshold:0,dirty_decay_ms:-1,muzzy_decay_ms:-1"
FREES = """
import numpy as np
from roadtrain.memory import KeptMemory

kept = KeptMemory(limit=float("{limit}"))
before = kept.resident
np.ones(50_000_000)  # 400 MB, freed at once
full = kept.resident
gave = kept.bound()
print(gave, full - before > 350e6, kept.resident - before < 50e6)
"""


def frees(limit: str, **environment: str) -> str:
    """What a process says that keeps memory by these environment variables."""
    return subprocess.run([sys.executable, "-c", FREES.format(limit=limit)], check=True, capture_output=True, text=True,
                          cwd=Path(__file__).parents[1], env=os.environ | environment).stdout.strip()


def test_freed_memory_is_kept_up_to_the_limit_and_then_given_back() -> None:
    keeping = {"LD_PRELOAD": JEMALLOC, "MALLOC_CONF": KEEPING}
    assert frees("inf", **keeping) == "False True False"
    assert frees("1e6", **keeping) == "True True True"


def test_another_allocator_is_let_alone() -> None:
    assert frees("1e6", LD_PRELOAD="") == "False False True", "what is this large it gives back by itself"


def test_the_limit_is_a_share_of_the_machine() -> None:
    assert 1e8 < KeptMemory().limit < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
