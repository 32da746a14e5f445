"""ContextNet: the fast one."""

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

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        height, width = x.shape[2:]
        detail = self.shallow(x)
        deep = self.deep(resize(x, (height // 4, width // 4)))
        context = self.fuse_deep(resize(deep, detail.shape[2:]))
        logits = self.classifier(self.dropout(F.relu(context + self.fuse_shallow(detail))))
        if not self.training:
            return logits
        return [logits, self.auxiliary_shallow(detail), self.auxiliary_deep(deep)]
