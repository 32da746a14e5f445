"""FCN-8s: the classic, on a backbone that a small board can carry."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .blocks import conv_bn


def bilinear_upsampling(classes: int) -> nn.ConvTranspose2d:
    """A transposed convolution that doubles height and width, learned, begun as bilinear interpolation."""
    layer = nn.ConvTranspose2d(classes, classes, 4, 2, 1, bias=False)
    tap = torch.tensor([0.25, 0.75, 0.75, 0.25])
    with torch.no_grad():
        layer.weight.zero_()
        for channel in range(classes):
            layer.weight[channel, channel] = torch.outer(tap, tap)
    return layer


def cropped(x: Tensor, like: Tensor) -> Tensor:
    """Pooling rounds odd sizes up, so what is upsampled again may be a row or column too large."""
    height, width = (int(side) for side in like.shape[2:])
    return x if x.shape[2:] == like.shape[2:] else x[:, :, :height, :width]


class Fcn8s(nn.Module):
    """FCN-8s (Long et al. 2015): scores at strides 32, 16 and 8, summed. 3.0 M parameters, 9.8 GMAC at 360x480.

    The paper's VGG-16 has 134 M; this backbone keeps its stages of two 3x3 convolutions, thinner and with batch norm,
    and the two layers of the head (fc6, fc7), behind each of which dropout acts as in the paper.
    """

    WIDTHS = (32, 64, 128, 256, 256)
    HEAD = 256

    def __init__(self, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        stages, cin = [], 3
        for width in self.WIDTHS:
            stages.append(nn.Sequential(conv_bn(cin, width), conv_bn(width, width), nn.MaxPool2d(2, 2, ceil_mode=True)))
            cin = width
        self.stages = nn.ModuleList(stages)
        self.head = nn.Sequential(
            conv_bn(cin, self.HEAD), nn.Dropout2d(dropout), conv_bn(self.HEAD, self.HEAD, 1), nn.Dropout2d(dropout)
        )
        self.score32 = nn.Conv2d(self.HEAD, classes, 1)
        self.score16 = nn.Conv2d(self.WIDTHS[3], classes, 1)
        self.score8 = nn.Conv2d(self.WIDTHS[2], classes, 1)
        self.up32 = bilinear_upsampling(classes)
        self.up16 = bilinear_upsampling(classes)

    def scores(self) -> list[nn.Conv2d]:
        """The layers that give the logits."""
        return [self.score32, self.score16, self.score8]

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        pools = []
        for stage in self.stages:
            x = stage(x)
            pools.append(x)
        pool8, pool16 = pools[2], pools[3]
        coarse = cropped(self.up32(self.score32(self.head(x))), pool16) + self.score16(pool16)
        logits = cropped(self.up16(coarse), pool8) + self.score8(pool8)
        return [logits] if self.training else logits
