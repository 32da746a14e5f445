"""The networks. Every one maps an RGB batch to class logits at its own stride.

The final upsampling is left out on purpose: the runtime does it exactly and cheaply itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import UnionType

import torch
from torch import Tensor, nn

from ..names import unknown
from .blocks import DepthwiseConv2d
from .contextnet import ContextNet, ContextNetPlus, ContextNetRefined
from .deeplabv3plus import DeepLabV3Plus
from .fcn8s import Fcn8s, Fcn8sRefined

__all__ = ["ContextNet", "ContextNetPlus", "ContextNetRefined", "DeepLabV3Plus", "DepthwiseConv2d", "Fcn8s",
           "Fcn8sRefined", "Normalised", "NETWORKS", "build", "cost", "observed", "smaller"]


class Normalised(nn.Module):
    """A network that takes RGB 0..255: the normalisation is in the graph, so no caller can get it wrong."""

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", 255 * torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", 255 * torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> Tensor | list[Tensor]:
        return self.network((image - self.mean) / self.std)


NETWORKS: dict[str, type[nn.Module]] = {
    "contextnet": ContextNet,
    "contextnetplus": ContextNetPlus,
    "contextnetrefined": ContextNetRefined,
    "deeplabv3plus": DeepLabV3Plus,
    "fcn8s": Fcn8s,
    "fcn8srefined": Fcn8sRefined,
}


def build(name: str, classes: int, mean: Sequence[float], std: Sequence[float], dropout: float = 0.0) -> Normalised:
    """A network by its recipe name, He-initialised, with the normalisation in front.

    `dropout` is the probability with which a channel in front of the classifier is left out while training.
    """
    if name not in NETWORKS:
        raise ValueError(unknown("network", name, NETWORKS))
    return Normalised(_initialised(NETWORKS[name](classes, dropout)), mean, std)


def smaller(network: Normalised) -> Normalised | None:
    """A new network of the kind that `network` was grown from, for the same classes and with the same normalisation:
    its layers have the same names.
    """
    kind = getattr(network.network, "GROWN_FROM", None)
    if kind is None:
        return None
    mean, std = ((values / 255).flatten().tolist() for values in (network.mean, network.std))
    return Normalised(_initialised(kind(network.network.scores()[-1].out_channels)), mean, std)


def _initialised(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out" if module.groups == 1 else "fan_in")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    # Near nothing, so that training begins with every class as likely. ContextNet begins as its recipe always did.
    for module in network.scores() if hasattr(network, "scores") else ():
        nn.init.normal_(module.weight, std=0.01)
    return network


@contextmanager
def observed(network: nn.Module, kinds: type[nn.Module] | UnionType,
             see: Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]) -> Iterator[None]:
    """While it lasts, `network` is in evaluation mode and computes no gradients, and `see` gets each module of `kinds`,
    in the order of computing, with its inputs and its output.
    """
    hooks = [module.register_forward_hook(see) for module in network.modules() if isinstance(module, kinds)]
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()


def cost(network: nn.Module, view: tuple[int, int]) -> tuple[int, int]:
    """Parameters, and multiply-accumulates of the convolutions for one picture of `view` (height, width).

    Heads that only training has count among neither.
    """
    macs = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal macs
        # A convolution does weight[0].numel() products for each output, a transposed one for each input.
        at = output if isinstance(module, nn.Conv2d) else inputs[0]
        macs += at.numel() * module.weight[0].numel()

    device = next(network.parameters()).device
    with observed(network, nn.Conv2d | nn.ConvTranspose2d, count):
        network(torch.zeros(1, 3, *view, device=device))
    weights = sum(p.numel() for name, p in network.named_parameters() if "auxiliary" not in name)
    return weights, macs
