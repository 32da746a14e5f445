"""What several networks of the zoo are made of."""

import torch
import torch.nn.functional as F
from torch import nn


def conv_bn(inputs, outputs, kernel=3, stride=1, dilation=1, groups=1, activation=nn.ReLU):
    kernel = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    padding = tuple(dilation * (side - 1) // 2 for side in kernel)
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([activation()] if activation else []))


def separable(inputs, outputs, stride=1, dilation=1):
    return nn.Sequential(
        conv_bn(inputs, inputs, 3, stride, dilation, groups=inputs), conv_bn(inputs, outputs, 1)
    )


def upsample(x, size, align_corners=False):
    return F.interpolate(x, size=size, mode="bilinear", align_corners=align_corners)


class Residual(nn.Module):
    """The basic block of ResNet (He et al., 2016)."""

    def __init__(self, inputs, outputs, stride=1, dilation=1):
        super().__init__()
        self.body = nn.Sequential(
            conv_bn(inputs, outputs, 3, stride, dilation),
            conv_bn(outputs, outputs, 3, 1, dilation, activation=None),
        )
        plain = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if plain else conv_bn(inputs, outputs, 1, stride, activation=None)

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


class Bottleneck(nn.Module):
    """The bottleneck block of ResNet."""

    def __init__(self, inputs, outputs, stride=1, dilation=1):
        super().__init__()
        inner = outputs // 2
        self.body = nn.Sequential(
            conv_bn(inputs, inner, 1), conv_bn(inner, inner, 3, stride, dilation),
            conv_bn(inner, outputs, 1, activation=None),
        )
        plain = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if plain else conv_bn(inputs, outputs, 1, stride, activation=None)

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


class ResNet(nn.Module):
    """Four stages; the output stride is 32, or less where the last stages are dilated instead of strided."""

    def __init__(self, widths=(8, 12, 16, 24), strides=(1, 2, 2, 2), dilations=(1, 1, 1, 1), block=Residual,
                 ceil=False):
        super().__init__()
        self.stem = nn.Sequential(conv_bn(3, 8, 3, 2), nn.MaxPool2d(3, 2, 1, ceil_mode=ceil))
        stages, inputs = [], 8
        for width, stride, dilation in zip(widths, strides, dilations):
            stages.append(block(inputs, width, stride, dilation))
            inputs = width
        self.stages = nn.ModuleList(stages)

    def forward(self, x):
        features = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


class InvertedResidual(nn.Module):
    """MobileNetV2's block (Sandler et al., 2018)."""

    def __init__(self, inputs, outputs, stride=1, expansion=3, dilation=1):
        super().__init__()
        inner = inputs * expansion
        self.adds = stride == 1 and inputs == outputs
        self.body = nn.Sequential(
            conv_bn(inputs, inner, 1, activation=nn.ReLU6),
            conv_bn(inner, inner, 3, stride, dilation, groups=inner, activation=nn.ReLU6),
            conv_bn(inner, outputs, 1, activation=None),
        )

    def forward(self, x):
        return x + self.body(x) if self.adds else self.body(x)


class Normalised(nn.Module):
    """Pixels 0...255 in, as the camera gives them: the normalisation is exported with the network."""

    def __init__(self, network):
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([58.395, 57.12, 57.375]).view(1, 3, 1, 1))

    def forward(self, image):
        return self.network((image - self.mean) / self.std)
