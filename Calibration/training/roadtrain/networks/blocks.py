"""What the networks are built of: units that quantization folds into one integer layer each."""

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
        if not torch.is_autocast_enabled(x.device.type):
            return super().forward(x)
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float()).to(x.dtype)


def conv_bn(
    cin: int, cout: int, kernel: int = 3, stride: int = 1, dilation: int = 1, groups: int = 1,
    activation: type[nn.Module] | None = nn.ReLU,
) -> nn.Sequential:
    """Convolution, batch norm and activation. ReLU and ReLU6 become the clamp of the integer layer: they cost
    nothing.
    """
    kind = nn.Conv2d if groups == 1 else DepthwiseConv2d
    layers: list[nn.Module] = [
        kind(cin, cout, kernel, stride, dilation * (kernel // 2), dilation, groups, bias=False),
        nn.BatchNorm2d(cout),
    ]
    if activation:
        layers.append(activation(inplace=True))
    return nn.Sequential(*layers)


def separable(cin: int, cout: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """Depthwise 3x3, then pointwise."""
    return nn.Sequential(conv_bn(cin, cin, 3, stride, dilation, groups=cin), conv_bn(cin, cout, 1))


def resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear with half-pixel centres, no anti-aliasing: what ONNX Resize and the runtime do."""
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


class InvertedResidual(nn.Module):
    """MobileNetV2's bottleneck (Sandler et al. 2018): expand, depthwise, project without activation, add."""

    def __init__(self, cin: int, cout: int, stride: int, expansion: int, dilation: int = 1,
                 activation: type[nn.Module] = nn.ReLU) -> None:
        super().__init__()
        middle = cin * expansion
        expand = [conv_bn(cin, middle, 1, activation=activation)] if expansion != 1 else []
        self.body = nn.Sequential(
            *expand,
            conv_bn(middle, middle, 3, stride, dilation, groups=middle, activation=activation),
            conv_bn(middle, cout, 1, activation=None),
        )
        self.residual = stride == 1 and cin == cout

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.residual else self.body(x)
