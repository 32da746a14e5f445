"""Networks that gather context over a residual backbone: DeepLab v2 (Chen et al., 2017), v3, v3+ (2018), PSPNet (Zhao
et al., 2017), OCR (Yuan et al., 2020), the EfficientFCN decoder (Liu et al., 2020)."""

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import Bottleneck, InvertedResidual, ResNet, conv_bn, separable, upsample


class DeepLabV2(nn.Module):
    """Atrous spatial pyramid pooling: scores of four dilations, summed."""

    def __init__(self, classes):
        super().__init__()
        self.backbone = ResNet((8, 16, 24, 32), (1, 2, 1, 1), (1, 1, 2, 4), Bottleneck, ceil=True)
        self.pyramid = nn.ModuleList(
            nn.Conv2d(32, classes, 3, padding=dilation, dilation=dilation) for dilation in (6, 12, 18, 24)
        )

    def forward(self, image):
        x = self.backbone(image)[-1]
        scores = self.pyramid[0](x)
        for branch in self.pyramid[1:]:
            scores = scores + branch(x)
        return upsample(scores, image.shape[2:], align_corners=True)


class ImagePooling(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.body = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv_bn(inputs, outputs, 1))

    def forward(self, x):
        return upsample(self.body(x), x.shape[-2:])


class ASPP(nn.Module):
    def __init__(self, inputs, outputs, dilations, branch):
        super().__init__()
        branches = [conv_bn(inputs, outputs, 1)]
        branches += [branch(inputs, outputs, dilation=dilation) for dilation in dilations]
        self.branches = nn.ModuleList(branches + [ImagePooling(inputs, outputs)])
        self.project = nn.Sequential(conv_bn(len(self.branches) * outputs, outputs, 1), nn.Dropout(0.1))

    def forward(self, x):
        return self.project(torch.cat([branch(x) for branch in self.branches], dim=1))


class DeepLabV3(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.backbone = ResNet((8, 16, 24, 32), (1, 2, 2, 1), (1, 1, 1, 2), Bottleneck)
        self.aspp = ASPP(32, 12, (2, 4, 6), conv_bn)
        self.classifier = nn.Sequential(conv_bn(12, 12), nn.Conv2d(12, classes, 1))

    def forward(self, image):
        return upsample(self.classifier(self.aspp(self.backbone(image)[-1])), image.shape[-2:])


class DeepLabV3Plus(nn.Module):
    """On inverted residuals, with separable atrous convolutions and the decoder's fine features."""

    def __init__(self, classes):
        super().__init__()
        self.low = nn.Sequential(
            conv_bn(3, 8, 3, 2, activation=nn.ReLU6), InvertedResidual(8, 8, 1, 1), InvertedResidual(8, 12, 2),
            InvertedResidual(12, 12),
        )
        self.high = nn.Sequential(
            InvertedResidual(12, 16, 2), InvertedResidual(16, 16), InvertedResidual(16, 24, 2),
            InvertedResidual(24, 24, 1, 3, dilation=2),
        )
        self.aspp = ASPP(24, 16, (2, 4, 6), separable)
        self.fine = conv_bn(12, 6, 1)
        self.classifier = nn.Sequential(separable(22, 16), separable(16, 16), nn.Conv2d(16, classes, 1))

    def forward(self, image):
        low = self.low(image)
        x = upsample(self.aspp(self.high(low)), low.shape[2:])
        x = self.classifier(torch.cat([x, self.fine(low)], dim=1))
        return upsample(x, image.shape[2:])


class PSPNet(nn.Module):
    """Pools of 1, 2, 3 and 6 cells a side; PyTorch exports them where the cells divide the picture."""

    def __init__(self, classes):
        super().__init__()
        self.backbone = ResNet((8, 16, 24, 32), (1, 2, 1, 1), (1, 1, 2, 4), Bottleneck)
        self.pyramid = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(cells), conv_bn(32, 8, 1)) for cells in (1, 2, 3, 6)
        )
        self.classifier = nn.Sequential(conv_bn(64, 16), nn.Dropout2d(0.1), nn.Conv2d(16, classes, 1))

    def forward(self, image):
        x = self.backbone(image)[-1]
        pooled = [upsample(branch(x), x.shape[2:], align_corners=True) for branch in self.pyramid]
        return upsample(self.classifier(torch.cat([x] + pooled, dim=1)), image.shape[2:], align_corners=True)


class OCR(nn.Module):
    """Object-contextual representations: softmax over space gathers one vector a class, softmax over classes hands them
    back to the pixels."""

    def __init__(self, classes, keys=8, width=16):
        super().__init__()
        self.backbone = ResNet((8, 16, 16, 24), (1, 2, 1, 1), (1, 1, 2, 4))
        self.coarse = nn.Sequential(conv_bn(24, 16, 1), nn.Conv2d(16, classes, 1))
        self.pixels = conv_bn(24, width)
        self.query = nn.Sequential(conv_bn(width, keys, 1), conv_bn(keys, keys, 1))
        self.key = nn.Sequential(conv_bn(width, keys, 1), conv_bn(keys, keys, 1))
        self.value = conv_bn(width, keys, 1)
        self.up = conv_bn(keys, width, 1)
        self.fuse = nn.Sequential(conv_bn(2 * width, width, 1), nn.Dropout2d(0.05))
        self.classifier = nn.Conv2d(width, classes, 1)
        self.keys = keys

    def forward(self, image):
        x = self.backbone(image)[-1]
        coarse, x = self.coarse(x), self.pixels(x)
        batch, _, height, width = x.shape
        shares = F.softmax(coarse.flatten(2), dim=2)
        objects = torch.matmul(shares, x.flatten(2).permute(0, 2, 1))  # batch x classes x width
        objects = objects.permute(0, 2, 1).contiguous().unsqueeze(3)
        query = self.query(x).view(batch, self.keys, -1).permute(0, 2, 1)
        key = self.key(objects).view(batch, self.keys, -1)
        value = self.value(objects).view(batch, self.keys, -1).permute(0, 2, 1)
        attention = F.softmax((self.keys**-0.5) * torch.matmul(query, key), dim=-1)
        context = torch.matmul(attention, value).permute(0, 2, 1).contiguous().view(batch, self.keys, height, width)
        x = self.fuse(torch.cat([self.up(context), x], dim=1))
        return upsample(self.classifier(x), image.shape[2:], align_corners=True)


class EfficientFCN(nn.Module):
    """Holistically guided decoder: codewords gathered at stride 32 by spatial softmax, put together at stride 8."""

    def __init__(self, classes, words=12, width=16):
        super().__init__()
        self.backbone = ResNet((8, 16, 24, 32))
        self.reduce = nn.ModuleList(conv_bn(inputs, width, 1) for inputs in (16, 24, 32))
        self.base = nn.Conv2d(3 * width, width, 1)
        self.weight = nn.Conv2d(3 * width, words, 1)
        self.guidance = conv_bn(3 * width, width, 1)
        self.assembly = nn.Conv2d(width, words, 1)
        self.fuse = conv_bn(2 * width, width, 1)
        self.classifier = nn.Conv2d(width, classes, 1)

    def forward(self, image):
        _, c3, c4, c5 = self.backbone(image)
        m3, m4, m5 = (reduce(x) for reduce, x in zip(self.reduce, (c3, c4, c5)))
        coarse, fine = m5.shape[2:], m3.shape[2:]
        m32 = torch.cat([upsample(m3, coarse), upsample(m4, coarse), m5], dim=1)
        m8 = torch.cat([m3, upsample(m4, fine), upsample(m5, fine)], dim=1)
        shares = F.softmax(self.weight(m32).flatten(2), dim=-1)
        base = self.base(m32)
        words = torch.bmm(base.flatten(2), shares.transpose(1, 2))  # batch x width x words
        guide = self.guidance(m8)
        guide = guide + base.mean(dim=(2, 3), keepdim=True)
        coefficients = self.assembly(guide)
        holistic = torch.bmm(words, coefficients.flatten(2)).view_as(guide)
        return upsample(self.classifier(self.fuse(torch.cat([holistic, guide], dim=1))), image.shape[2:])
