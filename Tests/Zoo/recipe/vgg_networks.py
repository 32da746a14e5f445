"""Networks on VGG: FCN (Long et al., 2015), SegNet (Badrinarayanan et al., 2017), U-Net (Ronneberger et al., 2015),
DeepLab v1 (Chen et al., 2015)."""

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import conv_bn, upsample
from .unpooling import pool, unpool

WIDTHS = (8, 8, 16, 16, 16)
DEPTHS = (2, 2, 3, 3, 3)


def vgg_stage(inputs, outputs, depth, dilation=1):
    layers = []
    for index in range(depth):
        layers += [nn.Conv2d(inputs if index == 0 else outputs, outputs, 3, 1, dilation, dilation), nn.ReLU(True)]
    return nn.Sequential(*layers)


class FCN(nn.Module):
    """VGG16 with convolutional fully connected layers; the scores of pool3 and pool4 are added in for 16s and 8s."""

    def __init__(self, classes, stride):
        super().__init__()
        self.stages = nn.ModuleList(
            vgg_stage(inputs, outputs, depth) for inputs, outputs, depth in zip((3,) + WIDTHS, WIDTHS, DEPTHS)
        )
        self.pool = nn.MaxPool2d(2, 2, ceil_mode=True)
        self.fc6 = nn.Conv2d(WIDTHS[4], 24, 7, padding=3)
        self.fc7 = nn.Conv2d(24, 24, 1)
        self.drop = nn.Dropout2d(0.1)
        self.score = nn.Conv2d(24, classes, 1)
        self.stride = stride
        self.skips = nn.ModuleList(nn.Conv2d(16, classes, 1) for _ in range({32: 0, 16: 1, 8: 2}[stride]))
        self.doubles = nn.ModuleList(self.bilinear(classes, 2, 1) for _ in self.skips)
        self.last = self.bilinear(classes, stride, 1 if stride == 8 else classes)

    @staticmethod
    def bilinear(classes, factor, groups):
        layer = nn.ConvTranspose2d(classes, classes, 2 * factor, factor, bias=False, groups=groups)
        ramp = 1 - (torch.arange(2 * factor) + 0.5 - factor).abs() / factor
        with torch.no_grad():
            layer.weight.zero_()
            for index in range(classes):
                layer.weight[index, index if groups == 1 else 0] = ramp[:, None] * ramp[None, :]
        return layer

    def forward(self, image):
        x, pools = image, []
        for stage in self.stages:
            x = self.pool(stage(x))
            pools.append(x)
        x = self.drop(F.relu(self.fc6(x)))
        x = self.score(self.drop(F.relu(self.fc7(x))))
        for skip, double, level in zip(self.skips, self.doubles, (3, 2)):
            side = skip(pools[level])
            x = double(x)[:, :, 1 : 1 + side.shape[2], 1 : 1 + side.shape[3]] + side
        crop = self.stride // 2
        return self.last(x)[:, :, crop : crop + image.shape[2], crop : crop + image.shape[3]].contiguous()


class SegNet(nn.Module):
    """The decoder puts each value back where the encoder's maximum was."""

    def __init__(self, classes):
        super().__init__()
        self.encoder = nn.ModuleList(
            self.encoding(inputs, outputs, depth) for inputs, outputs, depth in zip((3,) + WIDTHS, WIDTHS, DEPTHS)
        )
        self.decoder = nn.ModuleList(
            self.decoding(WIDTHS[level], WIDTHS[max(level - 1, 0)], DEPTHS[level]) for level in reversed(range(5))
        )
        self.classifier = nn.Conv2d(WIDTHS[0], classes, 3, padding=1)

    @staticmethod
    def encoding(inputs, outputs, depth):
        return nn.Sequential(*(conv_bn(outputs if index else inputs, outputs) for index in range(depth)))

    @staticmethod
    def decoding(inputs, outputs, depth):
        return nn.Sequential(*(conv_bn(inputs, inputs if index < depth - 1 else outputs) for index in range(depth)))

    def forward(self, x):
        undo = []
        for stage in self.encoder:
            before = stage(x)
            x, indices = pool(before)
            undo.append((indices, before))
        for stage in self.decoder:
            indices, before = undo.pop()
            x = stage(unpool(x, indices, before))
        return self.classifier(x)


class UNet(nn.Module):
    def __init__(self, classes, widths=(6, 10, 16, 24)):
        super().__init__()
        self.down = nn.ModuleList(self.double(i, o) for i, o in zip((3,) + widths[:-1], widths))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(widths[level], widths[level - 1], 2, 2) for level in (3, 2, 1)
        )
        self.merge = nn.ModuleList(self.double(2 * widths[level - 1], widths[level - 1]) for level in (3, 2, 1))
        self.classifier = nn.Conv2d(widths[0], classes, 1)

    @staticmethod
    def double(inputs, outputs):
        return nn.Sequential(conv_bn(inputs, outputs), conv_bn(outputs, outputs))

    def forward(self, x):
        skips = []
        for level, stage in enumerate(self.down):
            x = stage(F.max_pool2d(x, 2) if level else x)
            skips.append(x)
        skips.pop()
        for up, merge in zip(self.up, self.merge):
            x, skip = up(x), skips.pop()
            rows, columns = skip.shape[2] - x.shape[2], skip.shape[3] - x.shape[3]
            x = F.pad(x, [columns // 2, columns - columns // 2, rows // 2, rows - rows // 2])
            x = merge(torch.cat([skip, x], dim=1))
        return self.classifier(x)


class DeepLabV1(nn.Module):
    """VGG16 whose last two pools keep the resolution, conv5 dilated by 2, fc6 a 3x3 of dilation 12 (LargeFOV)."""

    def __init__(self, classes):
        super().__init__()
        layers, inputs = [], 3
        for level, (width, depth) in enumerate(zip(WIDTHS, DEPTHS)):
            layers.append(vgg_stage(inputs, width, depth, dilation=2 if level == 4 else 1))
            layers.append(nn.MaxPool2d(3, 2 if level < 3 else 1, 1, ceil_mode=level < 3))
            inputs = width
        layers += [
            nn.AvgPool2d(3, 1, 1),
            nn.Conv2d(inputs, 24, 3, padding=12, dilation=12), nn.ReLU(), nn.Dropout(0.1),
            nn.Conv2d(24, 24, 1), nn.ReLU(), nn.Dropout(0.1), nn.Conv2d(24, classes, 1),
        ]
        self.body = nn.Sequential(*layers)

    def forward(self, image):
        return upsample(self.body(image), image.shape[2:], align_corners=True)
