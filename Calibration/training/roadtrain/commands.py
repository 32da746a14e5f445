"""What the commands share: how they end on bad input and when they are asked to stop, and what numbers they take."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def bad_input_exits(parser: argparse.ArgumentParser) -> Iterator[None]:
    """Bad input in the block ends the command with one message and status 1, Ctrl-C with one and status 130. Status 2
    is argparse's own, for an unknown option or a missing argument.
    """
    try:
        yield
    except (ValueError, OSError, FloatingPointError) as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")
    except KeyboardInterrupt:
        parser.exit(128 + signal.SIGINT, f"{parser.prog}: interrupted\n")


class StopRequest:
    """In its block Ctrl-C and SIGTERM are only noted, for the command to finish what it is at and keep it. Asked again,
    it ends at once. A signal that whoever started the command wants ignored stays so.
    """

    def __init__(self) -> None:
        self.status = 0
        """What the command exits with: 0, or 128 and the signal's number."""
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Whether somebody asked."""
        return self.status != 0

    def __enter__(self) -> StopRequest:
        wanted = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) != signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._note) for number in wanted}
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.status = 128 + number
        self._restore()  # asked again, it ends at once


def positive(kind: type[int] | type[float]) -> Callable[[str], float]:
    """For argparse: a number above 0."""
    return _number(kind, lambda value: 0 < value < float("inf"), "above 0")


def not_negative(kind: type[int] | type[float]) -> Callable[[str], float]:
    """For argparse: a number from 0 on."""
    return _number(kind, lambda value: 0 <= value < float("inf"), "0 or more")


def _number(kind: type[int] | type[float], accepts: Callable[[float], bool], limits: str) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if not accepts(value):
            raise argparse.ArgumentTypeError(f"must be {limits}, not {text}")
        return value

    number.__name__ = {int: "whole number", float: "number"}[kind]  # argparse's message says so
    return number
