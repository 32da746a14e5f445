"""DeepLabv3+ on MobileNetV2: the accurate one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .blocks import InvertedResidual, conv_bn, resize, separable


class DeepLabV3Plus(nn.Module):
    """DeepLabv3+ (Chen et al. 2018) on MobileNetV2 (Sandler et al. 2018), output stride 16. 2.7 M parameters, 3.7 GMAC
    at 360x480.

    Atrous pyramid and decoder are depthwise-separable; the decoder joins stride 4, where the logits are. ReLU6 in the
    backbone, as published, which also bounds the range that a byte must cover.
    """

    # expansion, channels, repeats, first stride, dilation: MobileNetV2 with its last stride replaced by dilation 2
    BACKBONE = (
        (1, 16, 1, 1, 1), (6, 24, 2, 2, 1), (6, 32, 3, 2, 1), (6, 64, 4, 2, 1), (6, 96, 3, 1, 1), (6, 160, 3, 1, 2),
        (6, 320, 1, 1, 2),
    )
    LOW_BLOCKS = 4
    """How many of the first blocks lie in front of the tap for the decoder, at stride 4."""
    RATES = (6, 12, 18)
    WIDTH = 256
    LOW_WIDTH = 48

    def __init__(self, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        blocks, cin = [conv_bn(3, 32, 3, 2, activation=nn.ReLU6)], 32
        for expansion, channels, repeats, stride, dilation in self.BACKBONE:
            for i in range(repeats):
                blocks.append(
                    InvertedResidual(cin, channels, stride if i == 0 else 1, expansion, dilation, nn.ReLU6))
                cin = channels
        self.low, self.high = nn.Sequential(*blocks[: self.LOW_BLOCKS]), nn.Sequential(*blocks[self.LOW_BLOCKS :])
        width = self.WIDTH
        self.pyramid = nn.ModuleList(
            [conv_bn(cin, width, 1)] + [separable(cin, width, dilation=rate) for rate in self.RATES])
        self.pool = conv_bn(cin, width, 1)
        self.project = conv_bn((len(self.RATES) + 2) * width, width, 1)
        self.reduce_low = conv_bn(24, self.LOW_WIDTH, 1)
        self.decoder = nn.Sequential(
            separable(self.LOW_WIDTH + width, width), separable(width, width), nn.Dropout2d(dropout),
            nn.Conv2d(width, classes, 1),
        )
        self.auxiliary = nn.Conv2d(width, classes, 1)

    def scores(self) -> list[nn.Conv2d]:
        """The layers that give the logits."""
        return [self.decoder[-1], self.auxiliary]

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        low = self.low(x)
        x = self.high(low)
        # The bilinear resize of a single pixel is that pixel everywhere.
        pooled = resize(self.pool(x.mean((2, 3), keepdim=True)), x.shape[2:])
        context = self.project(torch.cat([branch(x) for branch in self.pyramid] + [pooled], 1))
        logits = self.decoder(torch.cat([resize(context, low.shape[2:]), self.reduce_low(low)], 1))
        return [logits, self.auxiliary(context)] if self.training else logits
