"""Networks of attention, and of gates over channels:
SegFormer (Xie et al., 2021) and LR-ASPP on MobileNetV3 (Howard et al., 2019)."""

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import conv_bn, upsample


class TransformerBlock(nn.Module):
    """Attention whose keys and values come from a reduced picture,
    then a mixing layer with a depthwise convolution inside."""

    def __init__(self, width, reduction, heads=2):
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.norm, self.mix_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key_value = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.project = nn.Linear(width, width)
        self.reduce = nn.Conv2d(width, width, reduction, reduction) if reduction > 1 else None
        self.reduce_norm = nn.LayerNorm(width)
        self.expand, self.contract = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.depthwise = nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=2 * width)

    def attend(self, x, height, width):
        batch, count, channels = x.shape
        query = self.query(x).reshape(batch, count, self.heads, -1).permute(0, 2, 1, 3)
        if self.reduce is not None:
            picture = x.permute(0, 2, 1).reshape(batch, channels, height, width)
            x = self.reduce_norm(self.reduce(picture).flatten(2).permute(0, 2, 1))
        key, value = self.key_value(x).reshape(batch, -1, 2, self.heads, channels // self.heads).permute(2, 0, 3, 1, 4)
        shares = torch.softmax(self.scale * query @ key.transpose(-2, -1), dim=-1)
        return self.project((shares @ value).transpose(1, 2).reshape(batch, count, channels))

    def mix(self, x, height, width):
        x = self.expand(x)
        picture = x.transpose(1, 2).reshape(x.shape[0], -1, height, width)
        return self.contract(F.gelu(self.depthwise(picture).flatten(2).transpose(1, 2)))

    def forward(self, x, height, width):
        x = x + self.attend(self.norm(x), height, width)
        return x + self.mix(self.mix_norm(x), height, width)


class TransformerStage(nn.Module):
    """Overlapping patches, one block, a norm; a picture again."""

    def __init__(self, inputs, width, kernel, stride, reduction):
        super().__init__()
        self.patches = nn.Conv2d(inputs, width, kernel, stride, kernel // 2)
        self.first, self.last = nn.LayerNorm(width), nn.LayerNorm(width)
        self.block = TransformerBlock(width, reduction)

    def forward(self, image):
        x = self.patches(image)
        batch, channels, height, width = x.shape
        x = self.last(self.block(self.first(x.flatten(2).transpose(1, 2)), height, width))
        return x.permute(0, 2, 1).reshape(batch, channels, height, width)


class SegFormer(nn.Module):
    """Two stages of transformers, a decoder of linear layers only."""

    def __init__(self, classes, width=16):
        super().__init__()
        self.fine = TransformerStage(3, width, 7, 4, reduction=4)
        self.coarse = TransformerStage(width, 24, 3, 2, reduction=1)
        self.fine_linear, self.coarse_linear = nn.Linear(width, width), nn.Linear(24, width)
        self.fuse = conv_bn(2 * width, width, 1)
        self.classifier = nn.Conv2d(width, classes, 1)

    @staticmethod
    def project(linear, x):
        return linear(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    def forward(self, image):
        fine = self.fine(image)
        coarse = self.project(self.coarse_linear, self.coarse(fine))
        joined = torch.cat([upsample(coarse, fine.shape[2:]), self.project(self.fine_linear, fine)], dim=1)
        return upsample(self.classifier(self.fuse(joined)), image.shape[2:])


class GatedResidual(nn.Module):
    """MobileNetV3's block: expand, depthwise, perhaps squeeze and excite, project."""

    def __init__(self, inputs, inner, outputs, kernel, stride, activation, gated):
        super().__init__()
        self.adds = stride == 1 and inputs == outputs
        self.expand = nn.Sequential(
            conv_bn(inputs, inner, 1, activation=activation),
            conv_bn(inner, inner, kernel, stride, groups=inner, activation=activation),
        )
        gate = [nn.AdaptiveAvgPool2d(1), nn.Conv2d(inner, 4, 1), nn.ReLU(), nn.Conv2d(4, inner, 1), nn.Hardsigmoid()]
        self.gate = nn.Sequential(*gate) if gated else None
        self.project = conv_bn(inner, outputs, 1, activation=None)

    def forward(self, x):
        y = self.expand(x)
        y = self.project(y if self.gate is None else self.gate(y) * y)
        return x + y if self.adds else y


class LRASPP(nn.Module):
    """MobileNetV3, whose last features are weighted by what the whole picture holds, beside scores of early ones."""

    def __init__(self, classes):
        super().__init__()
        block, hard = GatedResidual, nn.Hardswish
        self.low = nn.Sequential(
            conv_bn(3, 8, 3, 2, activation=hard), block(8, 16, 12, 3, 2, nn.ReLU, True),
            block(12, 24, 12, 3, 1, nn.ReLU, False),
        )
        self.high = nn.Sequential(
            block(12, 32, 16, 5, 2, hard, True), block(16, 48, 16, 5, 1, hard, True),
            conv_bn(16, 32, 1, activation=hard),
        )
        self.context = conv_bn(32, 24, 1)
        self.scale = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(32, 24, 1, bias=False), nn.Sigmoid())
        self.low_classifier, self.high_classifier = nn.Conv2d(12, classes, 1), nn.Conv2d(24, classes, 1)

    def forward(self, image):
        low = self.low(image)
        high = self.high(low)
        context = upsample(self.context(high) * self.scale(high), low.shape[2:])
        return upsample(self.low_classifier(low) + self.high_classifier(context), image.shape[2:])
