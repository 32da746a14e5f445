"""What the outside world did wrong."""

from __future__ import annotations


class RoadsegError(Exception):
    """A model, picture, source or option that cannot be used. The text says cause and remedy.

    ``kind`` is one of "argument", "model", "frame", "source", "timeout", "disconnected", "ended", "busy", "failed".
    """

    def __init__(self, message: str, kind: str = "failed") -> None:
        super().__init__(message)
        self.kind = kind
