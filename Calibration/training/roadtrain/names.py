"""Words for names that somebody mistyped."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """"unknown key 'jacard'; did you mean 'jaccard'?", or all that there are where none is near."""
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, 1)
    return f"unknown {kind} '{name}'; " + (f"did you mean '{near[0]}'?" if near else f"known are {', '.join(names)}")
