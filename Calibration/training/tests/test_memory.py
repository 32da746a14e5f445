"""Memory that jemalloc keeps between steps stays below a limit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from roadtrain.crops import Crops
from roadtrain.datasets import load
from roadtrain.memory import KeptMemory, granted
from roadtrain.recipe import Recipe

JEMALLOC = "libjemalloc.so.2"
KEEPING = "narenas:1,oversize_threshold:0,dirty_decay_ms:-1,muzzy_decay_ms:-1"
FREES = """
import numpy as np
from roadtrain.memory import KeptMemory

kept = KeptMemory(limit=float("{limit}"))
kept.least_available = float("{least}")
before = kept.resident
np.ones(50_000_000)  # 400 MB, freed at once
full = kept.resident
gave = kept.bound()
print(gave, full - before > 350e6, kept.resident - before < 50e6)
"""


def frees(limit: str, least: str = "0", **environment: str) -> str:
    """What a process says that keeps memory by these environment variables."""
    return subprocess.run([sys.executable, "-c", FREES.format(limit=limit, least=least)], check=True,
                          capture_output=True, text=True, cwd=Path(__file__).parents[1],
                          env=os.environ | environment).stdout.strip()


def test_freed_memory_is_kept_up_to_the_limit_and_then_given_back() -> None:
    keeping = {"LD_PRELOAD": JEMALLOC, "MALLOC_CONF": KEEPING}
    assert frees("inf", **keeping) == "False True False"
    assert frees("1e6", **keeping) == "True True True"


def test_it_is_given_back_where_the_machine_has_little_left() -> None:
    """As with a second training, which has its half, too: both stood still, since all memory was theirs."""
    assert frees("inf", least="inf", LD_PRELOAD=JEMALLOC, MALLOC_CONF=KEEPING) == "True True True"


def test_another_allocator_is_let_alone() -> None:
    assert frees("1e6", LD_PRELOAD="") == "False False True", "what is this large it gives back by itself"


def test_the_limit_is_a_share_of_what_is_granted() -> None:
    assert 1e8 < KeptMemory().limit < granted() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(("own", "outer", "expected"), [
    ("max", "max", None), ("50000000", "max", 50_000_000), ("max", "60000000", 60_000_000),
    ("7000000", "8000000", 7_000_000)])
def test_the_narrowest_control_group_counts(tmp_path: Path, own: str, outer: str, expected: int | None) -> None:
    """As a container and a service within it set them."""
    machine = granted(tmp_path / "none", tmp_path / "none")
    (tmp_path / "box/run").mkdir(parents=True)
    (tmp_path / "box/memory.max").write_text(outer + "\n")
    (tmp_path / "box/run/memory.max").write_text(own + "\n")
    (tmp_path / "cgroup").write_text("4:memory:/elsewhere\n0::/box/run\n")
    assert granted(tmp_path, tmp_path / "cgroup") == (expected or machine)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the processes do not see what is replaced here")
def test_processes_that_make_batches_have_limits_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                                              data: Path, recipe: Recipe) -> None:
    """Together with training they leave a part of the machine's memory: each had grown to half of it."""
    asked = tmp_path / "asked"
    monkeypatch.setattr(KeptMemory, "bound", lambda kept: asked.write_text(f"{os.getpid()} {kept.limit}"))
    crops = Crops(recipe, [load(data / "made" / "train.txt", recipe.data[0].classes)])
    crops.next(0, 0)
    crops.close()
    process, limit = asked.read_text().split()
    assert int(process) != os.getpid()
    assert KeptMemory().resident < float(limit) < 0.75 * KeptMemory().limit
