"""Networks made to be fast: ContextNet (Poudel et al., 2018), Fast-SCNN (2019), ENet (Paszke et al., 2016), ESPNet
(Mehta et al., 2018), the fast-attention network (Hu et al., 2020)."""

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import InvertedResidual, ResNet, conv_bn, separable, upsample
from .unpooling import pool, unpool


class ContextNet(nn.Module):
    """A deep branch on a quarter of the picture, a shallow one on all of it. Scores stay at stride 8."""

    def __init__(self, classes):
        super().__init__()
        self.deep = nn.Sequential(
            conv_bn(3, 8, 3, 2), InvertedResidual(8, 8, 1, 1), InvertedResidual(8, 12, 2), InvertedResidual(12, 12),
            InvertedResidual(12, 16, 2), InvertedResidual(16, 16), conv_bn(16, 16),
        )
        self.shallow = nn.Sequential(conv_bn(3, 8, 3, 2), separable(8, 12, 2), separable(12, 16, 2), separable(16, 16))
        self.deep_join = nn.Sequential(
            conv_bn(16, 16, 3, dilation=4, groups=16), nn.Conv2d(16, 16, 1), nn.BatchNorm2d(16)
        )
        self.shallow_join = nn.Sequential(nn.Conv2d(16, 16, 1), nn.BatchNorm2d(16))
        self.classifier = nn.Sequential(
            separable(16, 16), separable(16, 16), nn.Dropout(0.1), nn.Conv2d(16, classes, 1)
        )

    def forward(self, image):
        small = F.interpolate(image, scale_factor=0.25, mode="bilinear", align_corners=False)
        shallow = self.shallow(image)
        deep = upsample(self.deep(small), shallow.shape[2:])
        return self.classifier(F.relu(self.deep_join(deep) + self.shallow_join(shallow)))


class FastSCNN(nn.Module):
    """Learning to downsample, a global feature extractor with a pooling pyramid, feature fusion."""

    def __init__(self, classes):
        super().__init__()
        self.down = nn.Sequential(conv_bn(3, 8, 3, 2), separable(8, 12, 2), separable(12, 16, 2))
        self.extract = nn.Sequential(
            InvertedResidual(16, 16, 2), InvertedResidual(16, 16), InvertedResidual(16, 24, 2), InvertedResidual(24, 24)
        )
        self.pyramid = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(cells), conv_bn(24, 6, 1)) for cells in (1, 2, 3, 6)
        )
        self.project = conv_bn(48, 24, 1)
        self.deep = nn.Sequential(conv_bn(24, 24, groups=24), nn.Conv2d(24, 24, 1), nn.BatchNorm2d(24))
        self.fine = nn.Sequential(nn.Conv2d(16, 24, 1), nn.BatchNorm2d(24))
        self.classifier = nn.Sequential(
            separable(24, 24), separable(24, 24), nn.Dropout(0.1), nn.Conv2d(24, classes, 1)
        )

    def forward(self, image):
        fine = self.down(image)
        x = self.extract(fine)
        pooled = [upsample(branch(x), x.shape[2:], align_corners=True) for branch in self.pyramid]
        x = self.project(torch.cat([x] + pooled, dim=1))
        x = upsample(x, fine.shape[2:], align_corners=True)
        x = F.relu(self.deep(x) + self.fine(fine))
        return upsample(self.classifier(x), image.shape[2:], align_corners=True)


class ENetBlock(nn.Module):
    """A bottleneck: regular, dilated or asymmetric."""

    def __init__(self, width, dilation=1, asymmetric=False):
        super().__init__()
        inner = width // 2
        if asymmetric:
            middle = nn.Sequential(
                nn.Conv2d(inner, inner, (5, 1), padding=(2, 0), bias=False),
                nn.Conv2d(inner, inner, (1, 5), padding=(0, 2), bias=False), nn.BatchNorm2d(inner), nn.PReLU(),
            )
        else:
            middle = conv_bn(inner, inner, 3, 1, dilation, activation=nn.PReLU)
        self.body = nn.Sequential(
            conv_bn(width, inner, 1, activation=nn.PReLU), middle,
            conv_bn(inner, width, 1, activation=nn.PReLU), nn.Dropout2d(0.02),
        )
        self.activation = nn.PReLU(width)

    def forward(self, x):
        return self.activation(x + self.body(x))


class ENetDown(nn.Module):
    """The main branch pools and gains channels of zeros."""

    def __init__(self, inputs, outputs):
        super().__init__()
        inner = inputs // 2 if inputs > 8 else 4
        self.extra = outputs - inputs
        self.body = nn.Sequential(
            nn.Conv2d(inputs, inner, 2, 2, bias=False), nn.BatchNorm2d(inner), nn.PReLU(),
            conv_bn(inner, inner, 3, activation=nn.PReLU), conv_bn(inner, outputs, 1, activation=nn.PReLU),
        )
        self.activation = nn.PReLU(outputs)

    def forward(self, x):
        pooled, indices = pool(x)
        zeros = torch.zeros(pooled.shape[0], self.extra, pooled.shape[2], pooled.shape[3])
        return self.activation(torch.cat([pooled, zeros], dim=1) + self.body(x)), indices


class ENetUp(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        inner = outputs // 2
        self.main = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.first = conv_bn(inputs, inner, 1)
        self.doubling = nn.ConvTranspose2d(inner, inner, 2, 2, bias=False)
        self.last = nn.Sequential(nn.BatchNorm2d(inner), nn.ReLU(), conv_bn(inner, outputs, 1, activation=None))

    def forward(self, x, indices, like):
        main = unpool(self.main(x), indices, like)
        return F.relu(main + self.last(self.doubling(self.first(x))))


class ENet(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.first = nn.Conv2d(3, 5, 3, 2, 1, bias=False)
        self.norm = nn.Sequential(nn.BatchNorm2d(8), nn.PReLU(8))
        self.down1, self.down2 = ENetDown(8, 16), ENetDown(16, 24)
        self.stage1 = nn.Sequential(ENetBlock(16), ENetBlock(16))
        self.stage2 = nn.Sequential(
            ENetBlock(24), ENetBlock(24, 2), ENetBlock(24, asymmetric=True), ENetBlock(24, 4), ENetBlock(24),
            ENetBlock(24, 8), ENetBlock(24, asymmetric=True), ENetBlock(24, 16),
        )
        self.up2, self.up1 = ENetUp(24, 16), ENetUp(16, 8)
        self.stage4, self.stage5 = ENetBlock(16), ENetBlock(8)
        self.last = nn.ConvTranspose2d(8, classes, 3, 2, 1, output_padding=1, bias=False)

    def forward(self, image):
        x0 = self.norm(torch.cat([self.first(image), F.max_pool2d(image, 3, 2, 1)], dim=1))
        x, first = self.down1(x0)
        x1 = self.stage1(x)
        x, second = self.down2(x1)
        x = self.stage4(self.up2(self.stage2(x), second, x1))
        return self.last(self.stage5(self.up1(x, first, x0)))


class ESPModule(nn.Module):
    """Reduce, dilate by 1 to 16 in parallel, sum from the smallest on (against gridding), join."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        part = outputs // 5
        first = outputs - 4 * part
        self.reduce = nn.Conv2d(inputs, part, 3 if stride == 2 else 1, stride, 1 if stride == 2 else 0, bias=False)
        self.dilated = nn.ModuleList(
            nn.Conv2d(part, first if index == 0 else part, 3, padding=2**index, dilation=2**index, bias=False)
            for index in range(5)
        )
        self.norm, self.activation = nn.BatchNorm2d(outputs), nn.PReLU(outputs)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        reduced = self.reduce(x)
        parts = [conv(reduced) for conv in self.dilated]
        sums = [parts[1]]
        for part in parts[2:]:
            sums.append(sums[-1] + part)
        joined = torch.cat([parts[0]] + sums, dim=1)
        return self.activation(self.norm(x + joined if self.adds else joined))


class ESPNet(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.shrink = nn.AvgPool2d(3, 2, 1)
        self.level1 = conv_bn(3, 13, 3, 2, activation=lambda: nn.PReLU(13))
        self.join1 = nn.Sequential(nn.BatchNorm2d(16), nn.PReLU(16))
        self.down2, self.level2 = ESPModule(16, 20, 2), ESPModule(20, 20)
        self.join2 = nn.Sequential(nn.BatchNorm2d(43), nn.PReLU(43))
        self.down3, self.level3 = ESPModule(43, 24, 2), nn.Sequential(ESPModule(24, 24), ESPModule(24, 24))
        self.score3, self.score2 = nn.Conv2d(48, classes, 1, bias=False), nn.Conv2d(43, classes, 1, bias=False)
        self.up3 = nn.ConvTranspose2d(classes, classes, 2, 2, bias=False)
        self.mix2 = conv_bn(2 * classes, classes, 3, activation=lambda: nn.PReLU(classes))
        self.up2 = nn.ConvTranspose2d(classes, classes, 2, 2, bias=False)
        self.mix1 = conv_bn(classes + 16, classes, 3, activation=lambda: nn.PReLU(classes))
        self.up1 = nn.ConvTranspose2d(classes, classes, 2, 2, bias=False)

    def forward(self, image):
        half = self.shrink(image)
        quarter = self.shrink(half)
        x1 = self.join1(torch.cat([self.level1(image), half], dim=1))
        x = self.down2(x1)
        x2 = self.join2(torch.cat([self.level2(x), x, quarter], dim=1))
        x = self.down3(x2)
        x3 = torch.cat([self.level3(x), x], dim=1)
        x = self.mix2(torch.cat([self.score2(x2), self.up3(self.score3(x3))], dim=1))
        x = self.mix1(torch.cat([x1, self.up2(x)], dim=1))
        return self.up1(x)


class FastAttention(nn.Module):
    """Attention without softmax: cosine similarity lets Q·(Kᵀ·V) be computed from the right, in linear time."""

    def __init__(self, inputs, width, keys=8):
        super().__init__()
        self.query = conv_bn(inputs, keys, 1, activation=None)
        self.key = conv_bn(inputs, keys, 1, activation=None)
        self.value = conv_bn(inputs, width, 1)
        self.smooth = conv_bn(width, width)
        self.up = conv_bn(width, width, 1)
        self.keys, self.width = keys, width

    def forward(self, x, coarse=None):
        batch, _, height, width = x.shape
        query = F.normalize(self.query(x).view(batch, self.keys, -1).permute(0, 2, 1), p=2, dim=2)
        key = F.normalize(self.key(x).view(batch, self.keys, -1), p=2, dim=1)
        value = self.value(x)
        gathered = torch.matmul(key, value.view(batch, self.width, -1).permute(0, 2, 1)) / (height * width)
        y = torch.matmul(query, gathered).permute(0, 2, 1).contiguous().view(batch, self.width, height, width)
        y = self.smooth(y) + value
        if coarse is not None:
            y = y + F.interpolate(coarse, size=(height, width), mode="nearest")
        return self.up(y)


class FastAttentionNetwork(nn.Module):
    def __init__(self, classes, width=12):
        super().__init__()
        widths = (8, 12, 16, 24)
        self.backbone = ResNet(widths)
        self.attention = nn.ModuleList(FastAttention(inputs, width) for inputs in widths)
        self.classifier = nn.Sequential(conv_bn(2 * width, 16), nn.Conv2d(16, classes, 1))

    def forward(self, image):
        x4, x8, x16, x32 = self.backbone(image)
        y32 = self.attention[3](x32)
        y16 = self.attention[2](x16, y32)
        y8 = self.attention[1](x8, y16)
        y4 = self.attention[0](x4, y8)
        x = self.classifier(torch.cat([y4, upsample(y32, y4.shape[2:])], dim=1))
        return upsample(x, image.shape[2:])
