"""ContextNet, the fast one, and with a decoder."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import InvertedResidual, conv_bn, resize, separable


class ContextNet(nn.Module):
    """ContextNet (Poudel et al. 2018): full resolution for edges, a quarter of it for context. 0.87 M parameters.

    While training, `forward` gives a list: the logits, then one auxiliary map for each branch. The auxiliary
    heads make each branch earn its keep on its own; they are not part of the exported network.
    """

    # expansion, channels, repeats, first stride: table 1 of the paper
    DEEP = ((1, 32, 1, 1), (6, 32, 1, 1), (6, 48, 3, 2), (6, 64, 3, 2), (6, 96, 2, 1), (6, 128, 2, 1))
    LOW_LAYERS = 2
    """How many of the detail branch's first layers lie in front of stride 8."""

    def __init__(self, classes: int, dropout: float = 0.0) -> None:
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
            conv_bn(128, 128, 3, dilation=4, groups=128), conv_bn(128, 128, 1, activation=None)
        )
        self.fuse_shallow = conv_bn(128, 128, 1, activation=None)
        self.classifier = nn.Sequential(separable(128, 128), separable(128, 128), nn.Conv2d(128, classes, 1))
        self.dropout = nn.Dropout2d(dropout) if dropout else nn.Identity()
        self.auxiliary_shallow = nn.Conv2d(128, classes, 1)
        self.auxiliary_deep = nn.Conv2d(128, classes, 1)

    def branches(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Detail at stride 4 (64 channels) and at stride 8, and context at stride 32 (128 channels each)."""
        height, width = x.shape[2:]
        low = self.shallow[: self.LOW_LAYERS](x)
        return low, self.shallow[self.LOW_LAYERS :](low), self.deep(resize(x, (height // 4, width // 4)))

    def joined(self, detail: Tensor, deep: Tensor) -> Tensor:
        """Both branches added up, at stride 8: 128 channels, none negative."""
        context = self.fuse_deep(resize(deep, detail.shape[2:]))
        return F.relu(context + self.fuse_shallow(detail))

    def fused(self, detail: Tensor, deep: Tensor) -> Tensor:
        """Both branches joined, at stride 8, ready to be classified: 128 channels."""
        return self.classifier[:-1](self.dropout(self.joined(detail, deep)))

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        _, detail, deep = self.branches(x)
        logits = self.classifier[-1](self.fused(detail, deep))
        return self.with_auxiliary(logits, detail, deep)

    def with_auxiliary(self, logits: Tensor, detail: Tensor, deep: Tensor) -> Tensor | list[Tensor]:
        """The logits; while training, a list of them and the auxiliary maps."""
        return [logits, self.auxiliary_shallow(detail), self.auxiliary_deep(deep)] if self.training else logits


class ContextNetPlus(ContextNet):
    """ContextNet with a decoder at stride 4, as DeepLabv3+ has it (Chen et al. 2018), where the logits are, and three
    more bottlenecks of context. 1.5 M parameters.

    Both begin as next to nothing: with a ContextNet's weights it gives about that network's logits, upsampled, and
    training goes on from there.
    """

    GROWN_FROM = ContextNet
    MORE_CONTEXT = 3
    WIDTH = 64

    def __init__(self, classes: int, dropout: float = 0.0) -> None:
        super().__init__(classes, dropout)
        for _ in range(self.MORE_CONTEXT):
            block = InvertedResidual(128, 128, 1, 6)
            nn.init.zeros_(block.body[-1][-1].weight)
            self.deep.append(block)
        self.reduce_low = conv_bn(64, self.WIDTH, 1, activation=None)
        self.reduce_fused = conv_bn(128, self.WIDTH, 1, activation=None)
        self.decoder = nn.Sequential(separable(self.WIDTH, self.WIDTH), nn.Conv2d(self.WIDTH, classes, 1))

    def scores(self) -> list[nn.Conv2d]:
        """The layer that begins as nothing, nearly."""
        return [self.decoder[-1]]

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        low, detail, deep = self.branches(x)
        fused = self.fused(detail, deep)
        size = low.shape[2:]
        edges = self.decoder(F.relu(resize(self.reduce_fused(fused), size) + self.reduce_low(low)))
        return self.with_auxiliary(resize(self.classifier[-1](fused), size) + edges, detail, deep)


class ContextNetRefined(ContextNetPlus):
    """ContextNetPlus whose joined branches are looked at once more at stride 16, for its deep branch, at stride 32, is
    too coarse and its detail branch sees too little around a place. 2.0 M parameters.

    What is found is added to what the branches gave, and begins as nothing: with a ContextNetPlus's weights it gives
    that network's logits, and training goes on from there.
    """

    GROWN_FROM = ContextNetPlus
    DILATIONS = (1, 2, 4)
    """One bottleneck each; together they see 15 of the 23 rows that a picture has there."""
    EXPANSION = 4

    def __init__(self, classes: int, dropout: float = 0.0) -> None:
        super().__init__(classes, dropout)
        self.refine = nn.Sequential(
            separable(128, 128, 2),
            *(InvertedResidual(128, 128, 1, self.EXPANSION, dilation) for dilation in self.DILATIONS),
            conv_bn(128, 128, 1, activation=None),
        )
        nn.init.zeros_(self.refine[-1][-1].weight)

    def joined(self, detail: Tensor, deep: Tensor) -> Tensor:
        """Both branches and what a second look at them adds, at stride 8: 128 channels, none negative."""
        joined = super().joined(detail, deep)
        return F.relu(joined + resize(self.refine(joined), joined.shape[2:]))
