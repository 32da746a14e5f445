"""FCN-8s: the classic, on a backbone that a small board can carry."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import InvertedResidual, conv_bn, resize, separable


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

    def pools(self, x: Tensor) -> list[Tensor]:
        """What each stage gives, at strides 2 to 32."""
        pools = []
        for stage in self.stages:
            x = stage(x)
            pools.append(x)
        return pools

    def summed(self, pool8: Tensor, pool16: Tensor, coarse: Tensor) -> Tensor:
        """The scores at strides 32, 16 and 8, each upsampled onto the next and added: logits at stride 8."""
        scores = cropped(self.up32(self.score32(coarse)), pool16) + self.score16(pool16)
        return cropped(self.up16(scores), pool8) + self.score8(pool8)

    def logits(self, pool8: Tensor, pool16: Tensor, pool32: Tensor) -> Tensor:
        """Of a picture's pools at strides 8, 16 and 32."""
        return self.summed(pool8, pool16, self.head(pool32))

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        logits = self.logits(*self.pools(x)[2:])
        return [logits] if self.training else logits


class Fcn8sRefined(Fcn8s):
    """FCN-8s whose features, and not only their scores, are brought together on the way back to stride 8. 4.4 M
    parameters, 10.5 GMAC at 360x480.

    Sums of scores cannot say "grey, and where a road would be": what is fine is judged without what is coarse. And the
    thinner backbone sees 220 pixels around a place, where the paper's sees 404. Bottlenecks at stride 32 widen that to
    the whole picture, others at stride 16 look at coarse and fine together, two separable layers do so at stride 8, and
    their scores are one more term of the sum. All that begins as next to nothing: with an Fcn8s's weights it gives
    about that network's logits, and training goes on from there.
    """

    GROWN_FROM = Fcn8s
    WIDTH = 128
    DILATIONS = (1, 2, 4)
    """One bottleneck each, at stride 32 and again at stride 16."""

    def __init__(self, classes: int, dropout: float = 0.0) -> None:
        super().__init__(classes, dropout)
        width = self.WIDTH
        self.context = nn.Sequential(*(InvertedResidual(self.HEAD, self.HEAD, 1, 2, d) for d in self.DILATIONS))
        for block in self.context:
            nn.init.zeros_(block.body[-1][-1].weight)
        self.reduce32 = conv_bn(self.HEAD, width, 1, activation=None)
        self.reduce16 = conv_bn(self.WIDTHS[3], width, 1, activation=None)
        self.refine = nn.Sequential(*(InvertedResidual(width, width, 1, 4, d) for d in self.DILATIONS))
        self.refined16 = conv_bn(width, width, 1, activation=None)
        self.reduce8 = conv_bn(self.WIDTHS[2], width, 1, activation=None)
        self.classifier = nn.Sequential(separable(width, width), separable(width, width), nn.Conv2d(width, classes, 1))

    def scores(self) -> list[nn.Conv2d]:
        """The layers that give the logits."""
        return [*super().scores(), self.classifier[-1]]

    def logits(self, pool8: Tensor, pool16: Tensor, pool32: Tensor) -> Tensor:
        """Of a picture's pools at strides 8, 16 and 32."""
        coarse = self.context(self.head(pool32))
        middle = self.refine(F.relu(resize(self.reduce32(coarse), pool16.shape[2:]) + self.reduce16(pool16)))
        fine = F.relu(resize(self.refined16(middle), pool8.shape[2:]) + self.reduce8(pool8))
        return self.summed(pool8, pool16, coarse) + self.classifier(fine)
