"""Networks that fuse resolutions: RefineNet (Lin et al., 2017), the large-kernel network (Peng et al., 2017), HRNet
(Wang et al., 2020), gated fully fusion (Li et al., 2020), flow-aligned fusion (SFNet, Li et al., 2020)."""

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import Residual, ResNet, conv_bn, upsample


class ResidualUnit(nn.Module):
    """RefineNet's convolution unit: the activations go first."""

    def __init__(self, width):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)

    def forward(self, x):
        return x + self.second(F.relu(self.first(F.relu(x))))


class RefineBlock(nn.Module):
    def __init__(self, fine, coarse, width):
        super().__init__()
        self.adapt = ResidualUnit(fine)
        self.fine = nn.Conv2d(fine, width, 3, padding=1, bias=False)
        self.coarse = nn.Conv2d(coarse, width, 3, padding=1, bias=False) if coarse else None
        self.chain = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2))
        self.output = ResidualUnit(width)

    def forward(self, x, coarse=None):
        x = self.fine(self.adapt(x))
        if self.coarse is not None:
            x = x + upsample(self.coarse(coarse), x.shape[2:], align_corners=True)
        x = F.relu(x)
        path = x
        for conv in self.chain:
            path = conv(F.max_pool2d(path, 5, 1, 2))
            x = x + path
        return self.output(x)


class RefineNet(nn.Module):
    def __init__(self, classes, width=8):
        super().__init__()
        self.backbone = ResNet((8, 8, 12, 16))
        self.blocks = nn.ModuleList(
            RefineBlock(fine, coarse, width) for fine, coarse in ((16, 0), (12, width), (8, width), (8, width))
        )
        self.classifier = nn.Sequential(nn.Dropout(0.1), nn.Conv2d(width, classes, 3, padding=1))

    def forward(self, image):
        features = self.backbone(image)
        x = None
        for block, level in zip(self.blocks, reversed(features)):
            x = block(level, x)
        return upsample(self.classifier(x), image.shape[2:], align_corners=True)


class LargeKernel(nn.Module):
    """1xk after kx1 and kx1 after 1xk, summed: a dense k x k window at the price of its sides."""

    def __init__(self, inputs, outputs, k=7):
        super().__init__()
        self.left = nn.Sequential(
            nn.Conv2d(inputs, outputs, (k, 1), padding=(k // 2, 0)),
            nn.Conv2d(outputs, outputs, (1, k), padding=(0, k // 2)),
        )
        self.right = nn.Sequential(
            nn.Conv2d(inputs, outputs, (1, k), padding=(0, k // 2)),
            nn.Conv2d(outputs, outputs, (k, 1), padding=(k // 2, 0)),
        )

    def forward(self, x):
        return self.left(x) + self.right(x)


class BoundaryRefinement(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(True), nn.Conv2d(width, width, 3, padding=1)
        )

    def forward(self, x):
        return x + self.body(x)


class LargeKernelNetwork(nn.Module):
    """Global convolutional network; scores are doubled by transposed convolutions."""

    def __init__(self, classes):
        super().__init__()
        widths = (8, 12, 16, 24)
        self.backbone = ResNet(widths)
        self.large = nn.ModuleList(LargeKernel(width, classes) for width in widths)
        self.refine = nn.ModuleList(BoundaryRefinement(classes) for _ in widths)
        self.doubling = nn.ModuleList(
            nn.ConvTranspose2d(classes, classes, 3, 2, 1, output_padding=1) for _ in range(3)
        )
        self.after = nn.ModuleList(BoundaryRefinement(classes) for _ in range(3))

    def forward(self, image):
        levels = [
            refine(large(x)) for refine, large, x in zip(self.refine, self.large, self.backbone(image))
        ]
        x = levels.pop()
        for double, after in zip(self.doubling, self.after):
            level = levels.pop()
            x = after(level + double(x)[:, :, : level.shape[2], : level.shape[3]])
        return upsample(x, image.shape[2:])


class Exchange(nn.Module):
    """HRNet's fusion: every resolution receives the sum of all others."""

    def __init__(self, widths):
        super().__init__()
        self.paths = nn.ModuleList(
            nn.ModuleList(self.path(i, o, widths) for i in range(len(widths))) for o in range(len(widths))
        )

    @staticmethod
    def path(source, target, widths):
        if source == target:
            return nn.Identity()
        if source > target:
            return conv_bn(widths[source], widths[target], 1, activation=None)
        steps = []
        for step in range(source, target):
            last = step == target - 1
            width = widths[target] if last else widths[source]
            steps.append(conv_bn(widths[source], width, 3, 2, activation=None if last else nn.ReLU))
        return nn.Sequential(*steps)

    def forward(self, branches):
        fused = []
        for target, paths in enumerate(self.paths):
            total = None
            for source, path in enumerate(paths):
                x = path(branches[source])
                if source > target:
                    x = upsample(x, branches[target].shape[-2:])
                total = x if total is None else total + x
            fused.append(F.relu(total))
        return fused


class HRNet(nn.Module):
    def __init__(self, classes, widths=(8, 12, 16, 20)):
        super().__init__()
        self.stem = nn.Sequential(conv_bn(3, 8, 3, 2), conv_bn(8, widths[0], 3, 2), Residual(widths[0], widths[0]))
        self.grow = nn.ModuleList(conv_bn(widths[i], widths[i + 1], 3, 2) for i in range(3))
        self.blocks = nn.ModuleList(
            nn.ModuleList(Residual(width, width) for width in widths[: count + 2]) for count in range(3)
        )
        self.exchange = nn.ModuleList(Exchange(widths[: count + 2]) for count in range(3))
        total = sum(widths)
        self.classifier = nn.Sequential(conv_bn(total, 24, 1), nn.Conv2d(24, classes, 1))

    def forward(self, image):
        branches = [self.stem(image)]
        for grow, blocks, exchange in zip(self.grow, self.blocks, self.exchange):
            branches.append(grow(branches[-1]))
            branches = exchange([block(x) for block, x in zip(blocks, branches)])
        size = branches[0].shape[2:]
        x = torch.cat([branches[0]] + [upsample(x, size) for x in branches[1:]], dim=1)
        return upsample(self.classifier(x), image.shape[2:])


class GatedFusion(nn.Module):
    """x_l = (1 + g_l)·x_l + (1 − g_l)·Σ g_i·x_i: a level takes what it lacks and others are sure of."""

    def __init__(self, classes, width=12):
        super().__init__()
        widths = (8, 12, 16, 24)
        self.backbone = ResNet(widths)
        self.reduce = nn.ModuleList(conv_bn(inputs, width, 1) for inputs in widths)
        self.gate = nn.ModuleList(nn.Sequential(nn.Conv2d(width, 1, 1), nn.Sigmoid()) for _ in widths)
        self.smooth = nn.ModuleList(conv_bn(width, width) for _ in widths)
        self.classifier = nn.Sequential(conv_bn(4 * width, 16), nn.Conv2d(16, classes, 1))

    def forward(self, image):
        levels = [reduce(x) for reduce, x in zip(self.reduce, self.backbone(image))]
        gates = [gate(x) for gate, x in zip(self.gate, levels)]
        fused = []
        for target, (x, gate) in enumerate(zip(levels, gates)):
            taken = None
            for source, (y, other) in enumerate(zip(levels, gates)):
                if source != target:
                    sent = upsample(other * y, x.shape[2:], align_corners=True)
                    taken = sent if taken is None else taken + sent
            fused.append(self.smooth[target]((1 + gate) * x + (1 - gate) * taken))
        size = fused[0].shape[2:]
        x = torch.cat([fused[0]] + [upsample(x, size, align_corners=True) for x in fused[1:]], dim=1)
        return upsample(self.classifier(x), image.shape[2:], align_corners=True)


class FlowAlignment(nn.Module):
    """The coarse level is sampled where a learned flow field points."""

    def __init__(self, width):
        super().__init__()
        self.fine = nn.Conv2d(width, width // 2, 1, bias=False)
        self.coarse = nn.Conv2d(width, width // 2, 1, bias=False)
        self.flow = nn.Conv2d(width, 2, 3, padding=1, bias=False)

    def forward(self, fine, coarse):
        height, width = fine.shape[2:]
        raised = upsample(self.coarse(coarse), (height, width), align_corners=True)
        flow = self.flow(torch.cat([raised, self.fine(fine)], dim=1))
        rows = torch.linspace(-1.0, 1.0, height).view(-1, 1).repeat(1, width)
        columns = torch.linspace(-1.0, 1.0, width).repeat(height, 1)
        grid = torch.cat([columns.unsqueeze(2), rows.unsqueeze(2)], 2).unsqueeze(0)
        scale = torch.tensor([[[[float(width), float(height)]]]]).type_as(flow)
        grid = grid.type_as(flow) + flow.permute(0, 2, 3, 1) / scale
        return F.grid_sample(coarse, grid, mode="bilinear", padding_mode="zeros", align_corners=True)


class FlowAligned(nn.Module):
    def __init__(self, classes, width=12):
        super().__init__()
        widths = (8, 12, 16, 24)
        self.backbone = ResNet(widths)
        self.lateral = nn.ModuleList(conv_bn(inputs, width, 1) for inputs in widths)
        self.align = nn.ModuleList(FlowAlignment(width) for _ in range(3))
        self.smooth = nn.ModuleList(conv_bn(width, width) for _ in range(3))
        self.classifier = nn.Sequential(conv_bn(4 * width, 16), nn.Conv2d(16, classes, 1))

    def forward(self, image):
        levels = [lateral(x) for lateral, x in zip(self.lateral, self.backbone(image))]
        x, outputs = levels[3], [levels[3]]
        for index in (2, 1, 0):
            x = levels[index] + self.align[index](levels[index], x)
            outputs.insert(0, self.smooth[index](x))
        size = outputs[0].shape[2:]
        x = torch.cat([outputs[0]] + [upsample(y, size, align_corners=True) for y in outputs[1:]], dim=1)
        return upsample(self.classifier(x), image.shape[2:], align_corners=True)
