"""What the commands share: how they end on bad input."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def bad_input_exits(parser: argparse.ArgumentParser) -> Iterator[None]:
    """Bad input in the block ends the command with one message and status 1. Status 2 is argparse's own, for an unknown
    option or a missing argument.
    """
    try:
        yield
    except (ValueError, OSError) as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")
