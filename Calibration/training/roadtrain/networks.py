"""The networks. Every one maps a normalised RGB batch to class logits at its own stride.

The final upsampling is left out on purpose: the runtime does it exactly and cheaply itself.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DepthwiseConv2d(nn.Conv2d):
    """A grouped convolution that stays in float32 under autocast.

    On CPUs its bfloat16 backward pass is both slow and, as measured with PyTorch 2.15, not to be
    trusted: infinite gradients. The pointwise convolutions, most of the arithmetic, do gain from bfloat16.
    """

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float()).to(x.dtype)


def conv_bn(
    cin: int, cout: int, kernel: int = 3, stride: int = 1, dilation: int = 1, groups: int = 1, relu: bool = True
) -> nn.Sequential:
    """Convolution, batch norm and, unless told otherwise, ReLU: the unit that quantization folds into one."""
    kind = nn.Conv2d if groups == 1 else DepthwiseConv2d
    layers: list[nn.Module] = [
        kind(cin, cout, kernel, stride, dilation * (kernel // 2), dilation, groups, bias=False),
        nn.BatchNorm2d(cout),
    ]
    if relu:
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def separable(cin: int, cout: int, stride: int = 1) -> nn.Sequential:
    """Depthwise 3x3, then pointwise."""
    return nn.Sequential(conv_bn(cin, cin, 3, stride, groups=cin), conv_bn(cin, cout, 1))


def resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear with half-pixel centres, no anti-aliasing: what ONNX Resize and the runtime do."""
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


class InvertedResidual(nn.Module):
    """MobileNetV2's bottleneck, with ReLU."""

    def __init__(self, cin: int, cout: int, stride: int, expansion: int) -> None:
        super().__init__()
        middle = cin * expansion
        expand = [conv_bn(cin, middle, 1)] if expansion != 1 else []
        self.body = nn.Sequential(
            *expand,
            conv_bn(middle, middle, 3, stride, groups=middle),
            conv_bn(middle, cout, 1, relu=False),
        )
        self.residual = stride == 1 and cin == cout

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.residual else self.body(x)


class ContextNet(nn.Module):
    """ContextNet (Poudel et al. 2018): full resolution for edges, a quarter of it for context. 0.87 M parameters.

    While training, `forward` gives a list: the logits, then one auxiliary map for each branch. The auxiliary
    heads make each branch earn its keep on its own; they are not part of the exported network.
    """

    # expansion, channels, repeats, first stride: table 1 of the paper
    DEEP = ((1, 32, 1, 1), (6, 32, 1, 1), (6, 48, 3, 2), (6, 64, 3, 2), (6, 96, 2, 1), (6, 128, 2, 1))

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.shallow = nn.Sequential(
            conv_bn(3, 32, 3, 2), separable(32, 64, 2), separable(64, 128, 2), separable(128, 128)
        )
        deep, cin = [conv_bn(3, 32, 3, 2)], 32
        for expansion, channels, repeats, stride in self.DEEP:
            for i in range(repeats):
                deep.append(InvertedResidual(cin, channels, stride if i == 0 else 1, expansion))
                cin = channels
        self.deep = nn.Sequential(*deep)
        self.fuse_deep = nn.Sequential(
            conv_bn(128, 128, 3, dilation=4, groups=128), conv_bn(128, 128, 1, relu=False)
        )
        self.fuse_shallow = conv_bn(128, 128, 1, relu=False)
        self.classifier = nn.Sequential(separable(128, 128), separable(128, 128), nn.Conv2d(128, classes, 1))
        self.auxiliary_shallow = nn.Conv2d(128, classes, 1)
        self.auxiliary_deep = nn.Conv2d(128, classes, 1)

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        height, width = x.shape[2:]
        detail = self.shallow(x)
        deep = self.deep(resize(x, (height // 4, width // 4)))
        context = self.fuse_deep(resize(deep, detail.shape[2:]))
        logits = self.classifier(F.relu(context + self.fuse_shallow(detail)))
        if not self.training:
            return logits
        return [logits, self.auxiliary_shallow(detail), self.auxiliary_deep(deep)]


class Normalised(nn.Module):
    """A network that takes RGB 0..255: the normalisation is in the graph, so no caller can get it wrong."""

    def __init__(self, network: nn.Module, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", 255 * torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", 255 * torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> Tensor | list[Tensor]:
        return self.network((image - self.mean) / self.std)


NETWORKS: dict[str, type[nn.Module]] = {"contextnet": ContextNet}


def build(name: str, classes: int, mean: list[float], std: list[float]) -> Normalised:
    """A network by its recipe name, He-initialised, with the normalisation in front."""
    if name not in NETWORKS:
        raise ValueError(f"unknown network '{name}': one of {', '.join(sorted(NETWORKS))}")
    network = NETWORKS[name](classes)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out" if module.groups == 1 else "fan_in")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return Normalised(network, mean, std)
