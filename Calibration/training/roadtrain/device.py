"""Where the network runs. CPU and CUDA differ here and nowhere else."""

from __future__ import annotations

import contextlib
import re

import torch
from torch import Tensor, nn


class Device:
    """The CPU, or a CUDA device: placement of networks and batches, mixed precision, determinism."""

    def __init__(self, name: str = "auto") -> None:
        """`name`: auto (CUDA where there is one), cpu, cuda, cuda:1, ..."""
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        if re.fullmatch(r"cpu|cuda(:\d{1,2})?", name) is None:
            raise ValueError(f"device '{name}': cpu and cuda are supported, cuda:1 for the second of several")
        self.torch = torch.device(name)
        if self.is_cuda and not torch.cuda.is_available():
            raise ValueError(f"device '{name}': PyTorch finds no CUDA device; leave --device out to use the CPU")

    @property
    def is_cuda(self) -> bool:
        return self.torch.type == "cuda"

    def seed(self, seed: int) -> None:
        """The same weights to begin with on every device; cuDNN's choice of algorithms fixed."""
        torch.manual_seed(seed)
        if self.is_cuda:
            torch.backends.cudnn.benchmark = False
            torch.backends.cudnn.deterministic = True

    def place(self, module: nn.Module) -> nn.Module:
        """Channels last: what both kinds of device convolve fastest."""
        return module.to(self.torch, memory_format=torch.channels_last)

    def pin(self, batch: Tensor) -> Tensor:
        """Memory that the device can fetch from while the CPU goes on."""
        return batch.pin_memory() if self.is_cuda else batch

    def move(self, batch: Tensor) -> Tensor:
        return batch.to(self.torch, non_blocking=True)

    def autocast(self, enabled: bool) -> contextlib.AbstractContextManager:
        """bfloat16 for what gains from it. Its range is that of float32: gradients need no scaling."""
        return torch.autocast(self.torch.type, torch.bfloat16, enabled=enabled)

    def load(self, path: str) -> dict:
        """A checkpoint, wherever it was written."""
        return torch.load(path, map_location=self.torch, weights_only=True)
